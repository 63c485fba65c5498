"""
Spans and metrics by OpenTelemetry, for what clients do (extra `otel`).

    portraitkit.telemetry.instrument()

A span for each call, `portraitkit create_video`, and below it one for each attempt at a request. No
attribute holds an address's path, a body, a name or a key; a handle is one.

    portraitkit.call.duration      seconds, by provider, operation and error
    portraitkit.attempt.duration   seconds, by provider, family and status
    portraitkit.rest.duration      seconds that a call rested: between looks, before an attempt
    portraitkit.limit.duration     seconds that a request waited for the account's rate, by family
    portraitkit.paid               creates of videos that were taken, by provider and model
    portraitkit.tokens             what the vendor says that waited-for videos came to
"""

from __future__ import annotations

import time
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import define, field
from opentelemetry import metrics, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from .engine.observing import Observing
from .operations.provider import PortraitProvider
from .values.models import VideoTask
from .wire.codec import is_array
from .wire.steps import Request, Response

_NAME: Final = "portraitkit"
_WAITS: Final = frozenset({"wait_for_video", "wait_for_videos"})


def instrument(
    tracer_provider: trace.TracerProvider | None = None,
    meter_provider: metrics.MeterProvider | None = None,
) -> None:
    """Tell OpenTelemetry of every client of this process, from now on."""
    tracer = trace.get_tracer(_NAME, tracer_provider=tracer_provider)
    meter = metrics.get_meter(_NAME, meter_provider=meter_provider)
    Observing.observer = _Observer(tracer, _Instruments(meter))


def uninstrument() -> None:
    """Tell nobody any more."""
    Observing.observer = None


class _Instruments:
    def __init__(self, meter: metrics.Meter) -> None:
        self.calls = meter.create_histogram("portraitkit.call.duration", "s")
        self.attempts = meter.create_histogram("portraitkit.attempt.duration", "s")
        self.rests = meter.create_histogram("portraitkit.rest.duration", "s")
        self.limits = meter.create_histogram("portraitkit.limit.duration", "s")
        self.paid = meter.create_counter("portraitkit.paid")
        self.tokens = meter.create_counter("portraitkit.tokens")


@define
class _Observer:
    tracer: trace.Tracer
    to: _Instruments

    def call(self, provider: PortraitProvider, operation: str) -> _Call:
        where = {"portraitkit.provider": provider.name, "portraitkit.operation": operation}
        span = self.tracer.start_span(f"{_NAME} {operation or 'flow'}", attributes=where)
        return _Call(self, span, where, operation)

    def limited(self, provider: PortraitProvider, family: str, seconds: float) -> None:
        where = {"portraitkit.provider": provider.name, "portraitkit.family": family}
        self.to.limits.record(seconds, where)


@define
class _Call:
    observer: _Observer
    span: Span
    where: dict[str, str]
    operation: str
    began_s: float = field(factory=time.monotonic)

    def attempt(self, provider: PortraitProvider, request: Request) -> _Attempt:
        where: dict[str, Any] = {
            "portraitkit.provider": provider.name,
            "portraitkit.family": request.family,
        }
        named = {
            "http.request.method": request.method,
            "server.address": urlsplit(request.url).hostname or "",
        }
        span = self.observer.tracer.start_span(
            f"{request.method} {request.family}".strip(),
            context=trace.set_span_in_context(self.span),
            kind=SpanKind.CLIENT,
            attributes={**where, **named},
        )
        return _Attempt(self.observer, span, where)

    def rested(self, seconds: float) -> None:
        self.observer.to.rests.record(seconds, self.where)
        self.span.add_event("rested", {"seconds": seconds})

    def ended(self, result: Any, error: BaseException | None) -> None:
        _end(self.span, error)
        if handle := str(getattr(result, "handle", "") or getattr(error, "handle", "")):
            self.span.set_attribute("portraitkit.handle", handle)
        self.span.end()
        named = {"error.type": type(error).__name__} if error else {}
        self.observer.to.calls.record(time.monotonic() - self.began_s, {**self.where, **named})
        self._count(result)

    def _count(self, result: Any) -> None:
        for each in result if is_array(result) else [result]:
            if isinstance(each, VideoTask):
                where = {"portraitkit.provider": each.provider, "portraitkit.model": each.model}
                if self.operation == "create_video":
                    self.observer.to.paid.add(1, where)
                elif self.operation in _WAITS and each.usage:
                    self.observer.to.tokens.add(each.usage.total_tokens or 0, where)


@define
class _Attempt:
    observer: _Observer
    span: Span
    where: dict[str, Any]
    began_s: float = field(factory=time.monotonic)

    def ended(self, response: Response | None, error: BaseException | None) -> None:
        _end(self.span, error)
        told = {"http.response.status_code": response.status} if response else {}
        self.span.set_attributes(told)
        self.span.end()
        named = {"error.type": type(error).__name__} if error else told
        self.observer.to.attempts.record(time.monotonic() - self.began_s, {**self.where, **named})


def _end(span: Span, error: BaseException | None) -> None:
    """Say of what kind an error was, and nothing that stands in it."""
    if error is not None:
        span.set_attribute("error.type", type(error).__name__)
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))
