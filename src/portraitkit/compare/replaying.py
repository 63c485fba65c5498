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
    Let `<profile>.portrait.yaml` answer in the vendor's place. It holds for the whole process.

    Raises:
        ConfigError: The extra `testing` is not installed, or a request has no answer there.
        InvalidInputError: There is no such cassette.
    """
    try:
        from ..testing.recording import cassette  # noqa: PLC0415  (an extra)
    except ImportError:
        raise ConfigError(
            "cassettes need packages that are not installed",
            field="cassettes",
            next_step="pip install 'portraitkit[testing]'",
        ) from None
    path = Path(cassettes) / profile
    try:
        with cassette(path, record="none", repeat_reads=True):
            yield
    except Halt as missed:
        raise ConfigError(
            f"{str(path)!r} does not answer all that this plan asks: {missed}",
            field="cassettes",
            next_step="play it with the plan that it was recorded with, or record it anew",
        ) from None
