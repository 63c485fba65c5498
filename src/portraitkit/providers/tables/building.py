"""From a vendor's table to its adapter, a class like those that are written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, cast

import attrs
from attrs import evolve, field

from ...limits.rates import Rate, family_of
from ...values import errors
from ...values.errors import ProviderError
from ...values.media import MediaRules
from ...values.prices import Money, Price, Unit
from ...values.statuses import MediaType
from ...vendor.calls import VendorCalls
from ...vendor.dialect import Member, VideoDialect
from ...vendor.pacing import Pacing, Subject
from ...vendor.preflight import VideoModel
from ...wire.codec import Codec
from ..dialects.action_tables import UPSTREAM_MEDIA
from ..dialects.ark_models import second_generation
from ..dialects.codes import RELAYED_CODES, advice, classes
from .provider import TableProvider
from .reading import read_table
from .table import FORMS, MEDIA, MODELS, WORDS, PriceRow, VendorTable
from .template import filled_path, placeholders_in

_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "make_group": ("create_group",),
    "get_group": ("get_group", "list_groups"),
    "get_asset": ("get_asset", "list_assets"),
    "video_request": ("create_video",),
    "read_callback": ("start_verification",),
    **{
        each: (each,)
        for each in [
            "list_groups",
            "rename_group",
            "delete_group",
            "add_link",
            "add_upload",
            "list_assets",
            "rename_asset",
            "delete_asset",
            "start_verification",
            "check_verification",
            "get_video",
            "list_videos",
            "cancel_video",
        ]
    },
}
"""What an adapter's method is made of: it is there where any of these calls is offered."""


def vendor_class(name: str, document: Mapping[str, Any]) -> type[TableProvider]:
    """
    Make an adapter of a vendor's table.

    Args:
        name: What profiles call it.
        document: The table, as `tomllib` reads it.

    Raises:
        ConfigError: Names the field that cannot be used.
    """
    return class_of(read_table(name, document))


def class_of(table: VendorTable) -> type[TableProvider]:
    """The adapter of a table that was read; the same class each time, while the table is."""
    known = _classes.get(table.name)
    if known is None or known.table != table:
        known = _classes[table.name] = _made(table)
    return known


_classes: Final[dict[str, type[TableProvider]]] = {}


def _pickled(provider: TableProvider) -> tuple[Any, ...]:
    return _blank, (provider.table,), vars(provider)


def _blank(table: VendorTable) -> TableProvider:
    """What an unpickled adapter begins as: its class has no name that could be imported."""
    cls = class_of(table)
    return cls.__new__(cls)


def _made(table: VendorTable) -> type[TableProvider]:
    absent = {
        method: getattr(VendorCalls, method)
        for method, calls in _NEEDS.items()
        if not any(call in table.calls for call in calls)
    }
    if "callback_url" not in table.fields:
        absent["read_video_callback"] = VendorCalls.read_video_callback
    rows = {code: (getattr(errors, row.means), row.helps) for code, row in table.errors.items()}
    codes: Mapping[str, tuple[type[ProviderError], str]] = {**RELAYED_CODES, **rows}
    source = table.source[0] if table.source else f"{table.name}'s table"
    body: dict[str, Any] = {
        "__doc__": f"{table.name}, by its table. Source: {source}",
        "__module__": __name__,
        "__reduce__": _pickled,
        "table": table,
        "name": table.name,
        "codec": _codec(table),
        "dialect": _dialect(table),
        "video_models": tuple(_models(table, source)),
        "error_codes": classes(codes),
        "error_advice": advice(codes),
        "media_rules": _media_rules(table, source),
        "name_limit": (table.limits.name, source),
        "most_groups": table.limits.groups,
        "most_assets": table.limits.assets,
        "asset_cost": table.asset_cost,
        "prices": tuple(_price(table, row) for row in table.prices),
        "nameless": frozenset(
            call
            for call in ("create_group", "add_link", "add_upload")
            if call in table.calls and "name" not in placeholders_in(table.calls[call])
        ),
        "links_need_key": table.links_need_key,
        "default_pacing": _pacing(table),
        "default_rates": _rates(table, source),
        "secret_fields": _secrets(table),
        **absent,
    }
    settings = {
        "base_url": field(default=table.base_url, type=str),
        "verification_life_s": field(default=table.verification_life_s, type=int),
        **{key: field(default=value, type=str) for key, value in table.settings.items()},
    }
    made: Any = attrs.make_class(
        table.name.title().replace("-", ""),
        settings,
        bases=(TableProvider,),
        class_body=body,
        frozen=True,
        kw_only=True,
        slots=False,
        collect_by_mro=True,
    )
    return cast("type[TableProvider]", made)


def _codec(table: VendorTable) -> Codec:
    return Codec(
        fields={MODELS[model]: dict(members) for model, members in table.members.items()},
        words={
            WORDS[kind]: {
                str(word): WORDS[kind][meaning.upper()]
                for meaning, words in rows.items()
                for word in words
            }
            for kind, rows in table.words.items()
        },
    )


def _dialect(table: VendorTable) -> VideoDialect:
    write, read = MEDIA[table.media]
    fields = {name: Member(row.member, *FORMS[row.form]) for name, row in table.fields.items()}
    return VideoDialect(fields=fields, write=write, read=read)


def _models(table: VendorTable, source: str) -> Sequence[VideoModel]:
    known = {each.name: each for each in second_generation("")}
    found: list[VideoModel] = []
    for row in table.models:
        like = known.get(row.name, VideoModel(name=row.name, id=row.id, source=source))
        said: dict[str, Any] = {
            key: getattr(row, key)
            for key in ("duration_s", "resolutions", "ratios", "together", "lacks")
            if getattr(row, key)
        }
        if row.most is not None:
            said["most"] = {MediaType(media): most for media, most in row.most.items()}
        where = source if said else f"{like.source}, as {source} states no limits"
        more: dict[str, Any] = {
            "id": row.id,
            "other_ids": row.other_ids,
            "takes_assets": row.takes_assets,
        }
        found.append(evolve(like, **more, **said, source=where))
    return found


def _price(table: VendorTable, row: PriceRow) -> Price:
    amount = Decimal(str(row.amount)) / row.per * (1000 if row.unit == "token" else 1)
    source = row.source or next(iter(table.source), f"{table.name}'s table")
    return Price(
        cost=Money(amount.normalize(), row.currency),
        unit=cast("Unit", row.unit),
        source=f"{source}, {row.read or table.read}",
        model=row.model,
        resolution=row.resolution,
        with_video=row.with_video,
    )


def _media_rules(table: VendorTable, source: str) -> Mapping[MediaType, MediaRules]:
    upstream = f"the upstream's rules, as {source} states none"
    rules = {media: evolve(each, source=upstream) for media, each in UPSTREAM_MEDIA.items()}
    for media, row in table.files.items():
        rules[MediaType(media)] = MediaRules(
            source=source,
            types=frozenset(row.types),
            max_bytes=row.max_bytes,
            side_px=row.side_px,
            ratio=row.ratio,
        )
    return rules


def _pacing(table: VendorTable) -> Mapping[Subject, Pacing]:
    return {cast("Subject", subject): Pacing(**row) for subject, row in table.pacing.items()}


def _rates(table: VendorTable, source: str) -> Mapping[str, Rate]:
    rates: dict[str, Rate] = {}
    for name, template in table.calls.items():
        holes = dict.fromkeys(placeholders_in(template), "0")
        path = filled_path(template.path, holes)
        family = template.action or family_of(template.method, path)
        most = table.rates.get(name)
        number = Rate(source=f"{source}: no number") if most is None else None
        rates[family] = number or Rate(most=most, source=source)
    return rates


def _secrets(table: VendorTable) -> frozenset[str]:
    """Members that name somebody, or open something; a table may know of more."""
    personal = {
        ("group", "name"), ("group", "description"), ("asset", "name"), ("asset", "link"),
        ("verification", "link"), ("verification", "token"),
    }  # fmt: skip
    read = {
        key.rpartition(".")[2]
        for model, attribute in personal
        for key in table.members.get(model, {}).get(attribute, ())
    }
    filled_in = {
        member
        for template in table.calls.values()
        for part in (template.body, template.query, template.form)
        for member, value in part.items()
        if value in ("{name}", "{description}", "{url}", "{callback_url}", "{token}")
    }
    return frozenset({*read, *filled_in, *table.secrets, "prompt", "text", "callback_url"})
