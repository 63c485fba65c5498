"""What HTTP libraries log of our requests, without what is secret in it: links are signed there."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import cache
from typing import Final

from ..values.masking import masker
from .response_body import UNDER_WAY


@cache
def mask_logs(library: str) -> None:
    """Mask what an HTTP library, and what lies below it, logs of our requests, and of no others."""
    logging.getLogger(library).addFilter(_hide_queries)
    core = library.replace("httpx", "httpcore")
    for name in _CORE_LOGGERS:
        logging.getLogger(f"{core}.{name}").addFilter(_hide_headers)
    for name in ("hpack.hpack", "hpack.table"):
        logging.getLogger(name).addFilter(_hide_all)


def is_sending() -> bool:
    """Tell whether this task or thread is just sending a request of ours."""
    return UNDER_WAY.get() is not None


def _hide() -> Callable[[str], str] | None:
    """What hides the secrets of our request under way, if it is one of ours that is."""
    body = UNDER_WAY.get()
    if body is None:
        return None
    # A token may be a part of a path, where it looks like any id.
    return masker(each.reveal() for each in body.request.secrets)


def _hide_queries(record: logging.LogRecord) -> bool:
    """Mask the queries of addresses in what is logged of our own requests."""
    if (hide := _hide()) and isinstance(record.args, tuple):
        record.args = tuple(
            each if isinstance(each, int | float) else hide(str(each)) for each in record.args
        )
    return True


def _hide_headers(record: logging.LogRecord) -> bool:
    """Leave event and status of what the layers below log: headers hold links, faults answers."""
    if hide := _hide():
        text = record.getMessage().partition(", [")[0]
        record.msg, record.args = _EXCEPTION.sub(r"\1(...)", hide(text)), ()
    return True


def _hide_all(record: logging.LogRecord) -> bool:
    """Leave nothing of our own requests where whole headers are logged, keys and all."""
    del record
    return not is_sending()


_EXCEPTION: Final = re.compile(r"(exception=\w+)\(.*\)", re.DOTALL)
_CORE_LOGGERS: Final = ("connection", "http11", "http2", "proxy", "socks")
