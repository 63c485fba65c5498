"""Whatever goes into a parser or codec, a value or a PortraitError comes out."""

from __future__ import annotations

import pytest
from fuzz_choices import Choices
from fuzz_inputs_subject import SUBJECTS, fuzz_input
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.outside_the_contract

slow = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("name", sorted(SUBJECTS))
@given(data=st.binary(max_size=300))
@settings(slow)
def test_any_input_is_a_value_or_a_portrait_error(name, data):
    """Each subject's own docstring says what holds for any input."""
    SUBJECTS[name](Choices(data))


@given(data=st.binary(max_size=300))
@settings(slow)
def test_bytes_choose_a_subject(data):
    """The subject of the coverage-guided fuzzer holds for hypothesis's bytes, too."""
    assert fuzz_input(data) in SUBJECTS
