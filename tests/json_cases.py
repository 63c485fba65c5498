"""JSON that a vendor might answer with: well-formed, odd, or hostile."""

from __future__ import annotations

from hypothesis import strategies as st

ANY_TEXT = st.text(st.characters(), max_size=12)
WORDS = st.sampled_from(
    [
        "",
        "Active",
        "processing",
        "failed",
        "completed",
        "queued",
        "0",
        "NotFound.x",
        "2026-03-18T03:57:10Z",
        "0001-01-01T00:00:00+14:00",
        "https://tos.example/mia.mp4?sig=abcdef",
        "asset-20260318035710-abcde",
        "task_1#0#asset-1",
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 1_773_800_000, 1_773_800_000_000, 0, 200, 400, 503]),
    st.floats(),
    ANY_TEXT,
    WORDS,
)


def json_values(keys=ANY_TEXT, *, max_leaves=12):
    """Any JSON value, its members' names drawn from *keys*."""
    return st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5),
        max_leaves=max_leaves,
    )


def key_names(fields):
    """The names on the way to every attribute of a codec's tables."""
    names = set()
    for table in fields.values():
        for keys in table.values():
            for path in (keys,) if isinstance(keys, str) else keys:
                names.update(part for part in path.split(".") if not part.isdigit())
    return names
