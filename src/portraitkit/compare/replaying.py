"""A comparison whose vendors' answers come from cassettes."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ..rehearsal import Halt
from ..values.errors import ConfigError


@contextmanager
def replaying(cassettes: Path | str, profile: str) -> Generator[None]:
    """
    Let `<profile>.yaml` answer in the vendor's place. It holds for the whole process.

    Raises:
        ConfigError: The extra `testing` is not installed, or a request has no answer there.
        InvalidInputError: There is no such cassette.
    """
    try:
        from ..testing.recording import RecordingOptions, cassette_of  # noqa: PLC0415  (an extra)
    except ImportError:
        raise ConfigError(
            "cassettes need packages that are not installed",
            field="cassettes",
            next_step="pip install 'portraitkit[testing]'",
        ) from None
    path = Path(cassettes) / f"{profile}.yaml"
    options = RecordingOptions()
    try:
        with cassette_of(path, str(path), options, repeat_reads=True, scratch=None):
            yield
    except Halt as missed:
        raise ConfigError(
            f"{str(path)!r} does not answer all that this plan asks: {missed}",
            field="cassettes",
            next_step="play it with the plan that it was recorded with, or record it anew",
        ) from None
