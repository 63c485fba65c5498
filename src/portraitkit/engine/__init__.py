"""Runs a flow: attempts, time and HTTP. The only room that does network I/O."""

import logging
from typing import TYPE_CHECKING

from ..values.loading import lazily

if TYPE_CHECKING:
    from . import clock, driver, transport
else:
    __getattr__ = lazily(__name__)

# Without a handler of the application's own, Python would print stamina's notes to stderr.
for _name in ("portraitkit", "stamina"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

__all__ = ["clock", "driver", "transport"]
