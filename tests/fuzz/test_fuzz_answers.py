"""Whatever a vendor answers, a caller gets a sound result or a PortraitError."""

from __future__ import annotations

import pytest
from fuzz_answers_subject import (
    PROVIDERS,
    fuzz_answer,
    judge,
    keys,
    operations,
    outcome,
    templates,
)
from fuzz_choices import dumped
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from json_cases import json_values
from portraitkit.testing import answer, replay
from portraitkit.values.errors import PortraitError
from portraitkit.values.models import Asset, VideoTask

pytestmark = pytest.mark.outside_the_contract


def _always(response):
    return lambda _: response


CALLS = [(name, operation) for name in PROVIDERS for operation in operations(name)]
STATUSES = st.sampled_from([200, 200, 200, 201, 202, 302, 400, 403, 404, 429, 500, 503])
slow = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.mark.matrix
@pytest.mark.parametrize(("name", "operation"), CALLS)
@given(data=st.data())
@settings(slow, max_examples=slow.max_examples // 4)
def test_any_answer_is_a_result_or_a_portrait_error(name, operation, data):
    """Any bytes and any JSON, with any status, to each operation of each vendor."""
    bodies = st.binary(max_size=200) | json_values(st.sampled_from(keys(name))).map(dumped)
    given_answers = data.draw(
        st.lists(
            st.builds(answer, bodies, STATUSES),
            min_size=1,
            max_size=4,
        )
    )
    answers = iter(given_answers)

    got = outcome(
        operations(name)[operation](PROVIDERS[name]),
        PROVIDERS[name],
        lambda _: next(answers, given_answers[-1]),
    )
    judge(name, operation, got)


@given(data=st.binary(max_size=600))
@settings(slow, max_examples=slow.max_examples * 4)
def test_bytes_choose_everything(data):
    """The subject of the coverage-guided fuzzer holds for hypothesis's bytes, too."""
    name, operation, _ = fuzz_answer(data)

    assert operation in operations(name)


@pytest.mark.parametrize("name", PROVIDERS)
@given(body=st.binary(max_size=100) | json_values().map(dumped))
@settings(slow)
def test_one_answer_is_replayed(name, body):
    """One canned answer to a read, through `replay` itself."""
    provider = PROVIDERS[name]
    try:
        got = replay(operations(name)["get_video"](provider), [answer(body)]).result
    except PortraitError as error:
        got = error

    judge(name, "get_video", got)


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_subject_reaches_results(name):
    """Unspoilt answers lead to results: the fuzzing does not stop at once."""
    provider = PROVIDERS[name]
    kinds = {
        type(outcome(call(provider), provider, _always(answer(told))))
        for call in operations(name).values()
        for told in templates(name)
    }

    assert {VideoTask, Asset, list} <= kinds
