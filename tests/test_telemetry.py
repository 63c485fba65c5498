"""Spans and metrics of what clients do, by OpenTelemetry's own kit."""

from __future__ import annotations

import pytest

from portraitkit.testing import simulated, simulated_async
from portraitkit.values import errors
from portraitkit.values.statuses import VideoStatus
from portraitkit.values.video import VideoRequest
from vendors import KEYS, PICTURE, judged, provider_of

pytest.importorskip("opentelemetry.sdk")
REQUEST = VideoRequest(prompt="a secret sea", duration_s=5)


@pytest.fixture
def told():
    """Everything that is told, as `spans()` and `metrics()`."""
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from portraitkit import telemetry

    kept, reader, tracers = InMemorySpanExporter(), InMemoryMetricReader(), TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(kept))
    telemetry.instrument(tracers, MeterProvider([reader]))
    yield Told(kept, reader)
    telemetry.uninstrument()


class Told:
    def __init__(self, kept, reader):
        self.kept, self.reader = kept, reader

    def spans(self):
        return self.kept.get_finished_spans()

    def metrics(self):
        found = self.reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
        return {
            each.name: [
                (dict(point.attributes), getattr(point, "sum", None) or getattr(point, "value", 0))
                for point in each.data.data_points
            ]
            for each in found
        }


@pytest.mark.parametrize("way", KEYS)
def test_a_video_is_told_call_by_call_and_attempt_by_attempt(told, way):
    """Calls have attempts below them; rests are summed; the paid call is counted once."""
    client = simulated(provider_of(way), vendor := judged(way))
    task = client.wait_for_video(client.create_video(REQUEST))
    assert VideoStatus.SUCCEEDED is task.status

    calls = [each for each in told.spans() if each.parent is None]
    below = [each for each in told.spans() if each.parent is not None]
    assert ["portraitkit create_video", "portraitkit wait_for_video"] == [e.name for e in calls]
    assert {each.context.span_id for each in calls} == {each.parent.span_id for each in below}
    assert len(vendor.operations) == len(below)
    assert {2} == {each.attributes["http.response.status_code"] // 100 for each in below}
    assert task.handle == calls[1].attributes["portraitkit.handle"]
    metrics = told.metrics()
    assert [1] == [value for _, value in metrics["portraitkit.paid"]]
    rested = sum(event.attributes["seconds"] for each in calls for event in each.events)
    assert rested == pytest.approx(sum(value for _, value in metrics["portraitkit.rest.duration"]))
    assert rested > 40


def test_no_span_or_metric_tells_a_secret(told):
    """Neither key, prompt, link nor path of an address."""
    client = simulated(provider_of("alltoken"), judged("alltoken"))
    asset = client.add_asset(client.create_group("Mia the secret"), PICTURE + "?key=secret")
    client.wait_until_active(asset)
    with pytest.raises(errors.PortraitError):
        client.get_asset("asset-20260102030405-secret")
    text = "".join(each.to_json() for each in told.spans()) + str(told.metrics())
    assert "create_group" in text
    for secret in ("secret", provider_of("alltoken").api_key.reveal(), "/v1/portrait"):
        assert secret not in text


def test_an_error_is_told_by_its_kind_alone(told):
    """On the call and on the attempt, and in the metrics."""
    client = simulated(provider_of("alltoken"), judged("alltoken"))
    with pytest.raises(errors.ProviderError):
        client.create_video(VideoRequest(prompt="x", model="no-such-model"))
    [call] = [each for each in told.spans() if each.parent is None]
    assert call.attributes["error.type"] == call.status.description
    assert [] == told.metrics().get("portraitkit.paid", [])


def test_calls_are_below_the_span_that_is_current(told):
    """Awaited, too: what an application does around them is their parent."""
    import anyio
    from opentelemetry.sdk.trace import TracerProvider

    async def run():
        with TracerProvider().get_tracer("app").start_as_current_span("request") as outer:
            async with simulated_async(provider_of("alltoken"), judged("alltoken")) as client:
                await client.create_group("Mia")
            return outer.get_span_context().span_id

    outer = anyio.run(run)
    assert outer in [each.parent.span_id for each in told.spans()]


def test_waits_for_the_accounts_rate_are_told_by_family(told):
    """As the log tells of them."""
    provider = provider_of("alltoken", rates={"GetAsset": 1.0})
    client = simulated(provider, judged("alltoken"))
    asset = client.add_asset(client.create_group("Mia"), PICTURE)
    for _ in range(3):
        client.get_asset(asset)
    [(where, seconds)] = told.metrics()["portraitkit.limit.duration"]
    assert ("GetAsset", 2.0) == (where["portraitkit.family"], pytest.approx(seconds))
    assert client.limited_s == pytest.approx(seconds)


@pytest.mark.parametrize("moment", ["call", "attempt", "rested", "ended", "limited"])
def test_an_observer_that_raises_costs_no_video(moment, caplog):
    """What was paid for comes back, whatever the observer does; it is said once."""
    from portraitkit.engine.observing import Observing

    class Broken:
        def __getattr__(self, name):
            def called(*_):
                if name == moment:
                    raise RuntimeError(PICTURE)
                return self

            return called

    Observing.observer = Broken()
    try:
        client = simulated(provider_of("volcengine"), judged("volcengine"))
        task = client.wait_for_video(client.create_video(REQUEST))
    finally:
        Observing.observer = None

    assert VideoStatus.SUCCEEDED is task.status
    assert PICTURE not in caplog.text
