"""Results as text and as data: whole where it helps, silent where it opens something."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import attrs
import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

import portraitkit as pk
from portraitkit.values.models import Failure, Result
from portraitkit.values.remarks import Adaptation, Finding, Raw, Tried

OPENS = "https://cdn.example/x?X-Tos-Signature=opens"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
COMMON = {
    "provider": "alltoken",
    "account": "ours",
    "created_at": AT,
    "adaptations": (Adaptation(field="seed", asked=7, sent=None, why="it takes none"),),
    "findings": (
        Finding(field="media", found=(200, 900), limit=(300, 6000), message="m", source="s"),
    ),
    "tried": (Tried(profile="a", provider="token360", reason="full"),),
    "raw": Raw(status=200, body={"url": OPENS}),
}
RESULTS = [
    pk.Group(id="group-1", name="Mia <b>", kind=pk.GroupKind.REAL_PERSON, **COMMON),
    pk.Asset(
        id="asset-1",
        name="front",
        status=pk.AssetStatus.FAILED,
        link=pk.Secret(OPENS),
        failure=Failure(code="Bad", message="a mask", error=pk.MediaError("nothing to read")),
        **COMMON,
    ),
    pk.Verification(
        id=None,
        ref="sealed",
        name="Ann",
        link=pk.Secret(OPENS),
        token=pk.Secret("opens-token"),
        code=pk.Secret("opens-code"),
        expires_at=AT,
        group=pk.Group(provider="alltoken", account="ours", id="group-2"),
        **COMMON,
    ),
    pk.VideoTask(
        id="vgen_1",
        status=pk.VideoStatus.SUCCEEDED,
        video_link=pk.Secret(OPENS),
        last_frame_link=pk.Secret(OPENS),
        usage=pk.Usage(total_tokens=7),
        progress=100.0,
        **COMMON,
    ),
]
each_result = pytest.mark.parametrize("result", RESULTS, ids=lambda each: type(each).__name__)


def without_secrets(result: Result) -> Result:
    """What is left of a result after a journey as data."""
    links = {"link", "token", "code", "video_link", "last_frame_link"}
    gone = dict.fromkeys({each.name for each in attrs.fields(type(result))} & links)
    return attrs.evolve(result, raw=None, **gone)


@each_result
def test_a_result_comes_back_from_json_as_it_was_without_what_opens_something(
    result: Result,
) -> None:
    text = json.dumps(result.to_dict())
    back = type(result).from_dict(json.loads(text))
    assert back == without_secrets(result)
    assert back.handle == result.handle == json.loads(text)["handle"]
    assert "opens" not in text


@each_result
def test_pydantic_and_so_a_web_framework_carries_it(result: Result) -> None:
    class Answer(BaseModel):
        made: type(result)  # type: ignore[valid-type]

    answer = Answer(made=result)
    assert json.loads(answer.model_dump_json())["made"] == json.loads(json.dumps(result.to_dict()))
    assert Answer.model_validate_json(answer.model_dump_json()).made == without_secrets(result)
    assert Answer.model_json_schema()["properties"]["made"]["type"] == "object"


@each_result
@pytest.mark.parametrize(
    "broken",
    [{}, {"type": "Nothing"}, {"provider": "a", "account": "b", "id": "c", "more": 1}, {"id": 7}],
)
def test_other_data_is_refused_with_what_to_pass(result: Result, broken: dict[str, object]) -> None:
    with pytest.raises(pk.InvalidInputError, match="as to_dict writes it") as refused:
        type(result).from_dict(broken)
    assert "to_dict()" in refused.value.next_step
    with pytest.raises((ValidationError, pk.InvalidInputError)):
        TypeAdapter(type(result)).validate_python(broken)


@each_result
def test_every_text_names_the_handle_and_opens_nothing(result: Result) -> None:
    html = result._repr_html_()
    for text in (repr(result), html, str(result)):
        assert result.handle in text
        assert "opens" not in text
    assert "<b>" not in html
    assert len(str(result)) < 100
    assert next(name for name, _ in result.__rich_repr__()) == "handle"
