"""Retries, outcomes and errors, on virtual time, under all three drivers."""

from __future__ import annotations

import logging
import pickle
import time
import traceback
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest
import stamina
from attrs import evolve, field, frozen

from portraitkit.engine.clock import Clock
from portraitkit.engine.transport import TransportError
from portraitkit.providers.alltoken import AllToken
from portraitkit.testing import answer, replay
from portraitkit.testing.doubles.replaying import NOW
from portraitkit.values import errors
from portraitkit.values.remarks import Attempt, Outcome
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus
from portraitkit.values.video import VideoRequest
from portraitkit.wire.steps import Auth, Budget, Request, pause, send, within, work

KEY = "sk-not-a-real-key-0123456789"
ASSET_ID = "asset-20260318035710-abcde"
NOT_SENT = TransportError(Outcome.NOT_SENT, "cannot connect")
LOST = TransportError(Outcome.UNKNOWN, "connection lost while receiving")
ACTIVE = answer({"Result": {"Id": ASSET_ID, "Status": "Active"}})
CREATED = answer({"Result": {"Id": "group-20260318035710-abcde"}})
QUEUED = answer({"id": "vgen_1", "status": "queued"}, 202)


def read(provider):
    return provider.get_asset(ASSET_ID)


def create(provider):
    return provider.create_group("Mia")


def create_video(provider):
    return provider.create_video(VideoRequest(prompt="a quiet sea"))


def rename(provider):
    return provider.rename_group("group-20260318035710-abcde", "Ann")


def refusal(code, status=400, message="no", headers=None):
    error = {"Code": code, "Message": message}
    body = {"ResponseMetadata": {"RequestId": "req-1", "Error": error}}
    return answer(body, status, headers=headers)


def video_refusal(status, code="overloaded", headers=None):
    return answer({"error": {"code": code, "message": "no"}}, status, headers=headers)


# -- what is repeated ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "outcome", "reason"),
    [
        (NOT_SENT, Outcome.NOT_SENT, "cannot connect"),
        (LOST, Outcome.UNKNOWN, "connection lost while receiving"),
        (answer("<html>", 429), Outcome.REFUSED, "HTTP 429"),
        (answer("<html>", 500), Outcome.UNKNOWN, "HTTP 500"),
        (answer("<html>", 502), Outcome.UNKNOWN, "HTTP 502"),
        (answer("<html>", 503), Outcome.UNKNOWN, "HTTP 503"),
        (refusal("InternalError", 503), Outcome.UNKNOWN, "HTTP 503"),
        (refusal("QuotaExceeded.QPM", 200), Outcome.REFUSED, "HTTP 200"),
        (answer("<html>"), Outcome.UNKNOWN, "answer not readable"),
        (answer('{"Result": {'), Outcome.UNKNOWN, "answer not readable"),
        (answer([1]), Outcome.UNKNOWN, "answer not readable"),
        (answer(), Outcome.UNKNOWN, "answer not readable"),
    ],
)
def test_a_read_is_repeated_after_a_passing_fault(script, fault, outcome, reason):
    """Connection loss, 429, 5xx and a garbled answer are ridden out; failed tries are listed."""
    vendor = script(fault, fault, ACTIVE)

    def story(provider):
        return (
            yield from send(evolve(replay(read(provider), [ACTIVE]).requests[0], auth=Auth.BEARER))
        )

    response = vendor.run(story)

    assert (
        Attempt(number=1, outcome=outcome, reason=reason, waited_s=0.0),
        Attempt(number=2, outcome=outcome, reason=reason, waited_s=0.5),
    ) == response.attempts
    assert [0.0, 0.5, 1.5] == vendor.times_s


@pytest.mark.parametrize(
    "refused",
    [NOT_SENT, answer("<html>", 429), video_refusal(429)],
    ids=["not sent", "429", "429 in form"],
)
def test_a_create_is_repeated_where_nothing_can_have_been_done(script, refused):
    """Not sent, or refused for its rate: sending again costs nothing."""
    vendor = script(refused, QUEUED)

    task = vendor.run(create_video)

    assert "vgen_1" == task.id
    assert 2 == len(vendor.sent)


@pytest.mark.parametrize(
    "lost",
    [
        LOST,
        answer("<html>", 500),
        answer("<html>", 502),
        answer("<html>", 503),
        answer("<html>", 504),
        answer("<html>", 501),
        answer("<html>", 503, headers={"retry-after": "3"}),
        video_refusal(503),
        answer(b"", 303, headers={"location": "/v1/videos/generations/vgen_1"}),
        answer(b"", 102),
        answer("<html>", 408),
        video_refusal(500, "internal"),
        refusal("InternalServiceTimeout", 504),
        refusal("InternalError", 200),
        refusal("InternalServiceTimeout", 400),
        answer({"error": {"code": "upstream_error", "message": "no"}}, 400),
        answer("<html>welcome</html>"),
        answer('{"id": "vg'),
        answer(),
        answer([1]),
        answer({"status": "queued"}),
    ],
    ids=lambda given: getattr(given, "reason", "") or f"{given.status} {given.content[:60]!r}",
)
def test_a_create_of_unknown_outcome_is_sent_once(script, lost):
    """Where the vendor may have acted, the call is not repeated and the error says so."""
    vendor = script(lost, QUEUED)

    with pytest.raises(errors.OutcomeUnknownError) as caught:
        vendor.run(create_video)

    assert 1 == len(vendor.sent)
    assert ("alltoken", "story") == (caught.value.provider, caught.value.operation)
    assert "before you create it again" in caught.value.next_step


def test_an_unknown_outcome_tells_all_there_is_to_look_it_up(script):
    """Status, request id and failed tries go along."""
    lost = answer("<html>", 200, headers={"x-request-id": "req-7"})
    vendor = script(NOT_SENT, lost)

    with pytest.raises(errors.OutcomeUnknownError) as caught:
        vendor.run(create)

    assert (200, "req-7") == (caught.value.status, caught.value.request_id)
    assert ["cannot connect"] == [each.reason for each in caught.value.attempts]


def test_a_create_lost_after_a_try_that_was_not_sent_is_not_repeated_again(script):
    """Each try is judged by itself: the first cost nothing, the second may have."""
    vendor = script(NOT_SENT, LOST, QUEUED)

    with pytest.raises(errors.OutcomeUnknownError) as caught:
        vendor.run(create_video)

    assert (2, 1) == (len(vendor.sent), vendor.left)
    assert [Outcome.NOT_SENT, Outcome.UNKNOWN] == [each.outcome for each in caught.value.attempts]


def test_an_unreadable_read_after_a_create_is_no_unknown_outcome(script):
    """Only the answer to the create itself decides: what it made is known by then."""
    vendor = script(CREATED, *[answer("<html>")] * 5)

    def story(provider):
        group = yield from provider.create_group("Mia")
        return (yield from provider.get_group(group))

    with pytest.raises(errors.UnexpectedResponseError) as caught:
        vendor.run(story)

    assert (6, 5) == (len(vendor.sent), len(caught.value.attempts))


@pytest.mark.parametrize("status", [200, 400, 429])
def test_a_full_quota_is_not_waited_for(script, status):
    """Deleting frees a quota and waiting does not, whatever status it comes with."""
    vendor = script(refusal("QuotaExceeded", status), CREATED)

    with pytest.raises(errors.QuotaExceededError) as caught:
        vendor.run(create)

    assert 1 == len(vendor.sent)
    assert (status, "QuotaExceeded") == (caught.value.status, caught.value.code)


# -- what no transport should raise ----------------------------------------------------------------

FOREIGN = [RuntimeError("Event loop is closed"), KeyError(KEY), OSError(5, "no")]


@pytest.mark.parametrize("error", FOREIGN, ids=repr)
def test_a_foreign_exception_after_a_create_left_is_an_unknown_outcome(script, error):
    """A hook or a dead event loop raises what it likes: the video may be made all the same."""
    vendor = script(error)

    with pytest.raises(errors.OutcomeUnknownError, match=type(error).__name__) as caught:
        vendor.run(create_video)

    assert error is caught.value.__cause__ or KEY in str(error)
    assert 1 == len(vendor.sent)
    assert KEY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("error", FOREIGN[:2], ids=repr)
def test_a_foreign_exception_of_a_read_is_a_lost_connection(script, error):
    """Nothing was changed, so that calling again is safe."""
    vendor = script(error)

    with pytest.raises(errors.ConnectionFailedError, match=type(error).__name__):
        vendor.run(read)


@pytest.mark.outside_the_contract
def test_a_foreign_exception_before_a_create_left_says_so(script, monkeypatch):
    """What could not be authorised was not sent: no unknown outcome."""
    vendor = script()
    monkeypatch.setattr(AllToken, "authorize", lambda *_, **__: {}["no"])

    with pytest.raises(errors.ConnectionFailedError, match="KeyError while preparing"):
        vendor.run(create_video)

    assert [] == vendor.sent


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(2)], ids=repr)
def test_what_ends_the_program_passes_as_it_is(script, error):
    """An interrupt is nobody's failure."""
    vendor = script(error)

    with pytest.raises(type(error)) as caught:
        vendor.run(create_video)

    assert error is caught.value


def test_an_adapters_own_mistake_after_a_create_is_an_unknown_outcome(script):
    """The answer is kept on the error, and what it names is in the next step."""
    vendor = script(QUEUED)

    def story(provider):
        task = yield from create_video(provider)
        return {}[task.id]

    with pytest.raises(errors.OutcomeUnknownError, match="KeyError was raised") as caught:
        vendor.run(story)

    assert "'vgen_1'" in caught.value.next_step
    assert "vgen_1" == caught.value.raw.body["id"]


# -- how often, and how long -----------------------------------------------------------------------


def test_attempts_end_with_the_budget(script):
    """After the last attempt the error lists them all, with what was waited before each."""
    vendor = script(*[LOST] * 4, budget=Budget(attempts=4, first_wait_s=1, longest_wait_s=3))

    with pytest.raises(errors.ConnectionFailedError) as caught:
        vendor.run(read)

    assert [0.0, 1.0, 3.0, 6.0] == vendor.times_s
    assert [0.0, 1.0, 2.0, 3.0] == [each.waited_s for each in caught.value.attempts]
    assert "connection lost while receiving at https://api.alltoken.ai" == caught.value.message
    assert "4 failed attempts" in str(caught.value)


def test_the_last_refusal_is_the_error(script):
    """A vendor that stays overloaded is heard out to its last word."""
    vendor = script(*[refusal("InternalError", 503)] * 3, budget=Budget(attempts=3))

    with pytest.raises(errors.ServiceUnavailableError) as caught:
        vendor.run(read)

    assert 3 == len(vendor.sent)
    assert [1, 2, 3] == [each.number for each in caught.value.attempts]


def test_a_budget_of_one_attempt_repeats_nothing(script):
    """One attempt is one request."""
    vendor = script(NOT_SENT, ACTIVE, budget=Budget(attempts=1))

    with pytest.raises(errors.ConnectionFailedError):
        vendor.run(read)

    assert 1 == len(vendor.sent)


def test_waits_are_spread_by_jitter(script):
    """A wait is between half and one and a half of its length, so that clients do not march."""
    least, most = script(LOST, ACTIVE), script(LOST, ACTIVE)
    vendors = [(least, 0.0), (most, 1.0)]
    for vendor, jitter in vendors:
        clock = evolve(vendor.time.clock, jitter=lambda jitter=jitter: jitter)
        vendor._options["clock"] = clock
        vendor.run(read)

    assert [0.25, 0.75] == [least.times_s[1], most.times_s[1]]


@pytest.mark.parametrize(
    ("text", "waited_s"),
    [
        ("7", 7.0),
        (format_datetime(NOW + timedelta(seconds=30), usegmt=True), 30.0),
        (format_datetime(NOW - timedelta(seconds=30), usegmt=True), 0.5),
        ("soon", 0.5),
        ("9" * 400, None),
    ],
)
def test_the_vendors_retry_after_is_honoured(script, text, waited_s):
    """Seconds or a date are waited for exactly; what is past or senseless is as good as none."""
    vendor = script(answer("<html>", 429, headers={"retry-after": text}), ACTIVE)

    if waited_s is None:
        with pytest.raises(errors.RateLimitedError):
            vendor.run(read)
        return
    vendor.run(read)

    assert [0.0, waited_s] == vendor.times_s


def test_a_retry_after_date_is_compared_with_the_drivers_clock(script):
    """The answer's own time of arrival and the clock are one: the injected clock's."""
    text = format_datetime(NOW + timedelta(seconds=30), usegmt=True)
    late = answer("", 429, headers={"retry-after": text}, received_at=NOW + timedelta(days=1))
    vendor = script(late, ACTIVE)

    vendor.run(read)

    assert [0.0, 30.0] == vendor.times_s


def test_a_retry_after_longer_than_patience_is_told_instead(script):
    """Nobody sleeps for an hour unasked: the error says how long to wait."""
    vendor = script(answer("<html>", 429, headers={"retry-after": "3600"}), ACTIVE)

    with pytest.raises(errors.RateLimitedError) as caught:
        vendor.run(read)

    assert (1, 3600.0) == (len(vendor.sent), caught.value.retry_after_s)
    assert 0.0 == vendor.time.monotonic()


def test_a_deadline_caps_attempts_and_their_timeouts(script):
    """Inside a wait no attempt begins after its end, and each may take only what is left."""
    vendor = script(*[LOST] * 9)

    def story(provider):
        started_s = yield from pause()
        return (yield from within(read(provider), started_s + 3))

    with pytest.raises(errors.ConnectionFailedError):
        vendor.run(story)

    assert [0.0, 0.5, 1.5, 3.0] == vendor.times_s
    assert [3.0, 2.5, 1.5, 0.05] == [each.timeout_s for each in vendor.sent]


def test_a_wait_before_an_attempt_ends_with_the_deadline(script):
    """Even a wait stretched by jitter does not go past it."""
    vendor = script(LOST, ACTIVE)
    vendor._options["clock"] = evolve(vendor.time.clock, jitter=lambda: 1.0)

    def story(provider):
        started_s = yield from pause()
        return (yield from within(read(provider), started_s + 0.6))

    vendor.run(story)

    assert [0.0, pytest.approx(0.6)] == vendor.times_s
    assert 0.05 == vendor.sent[1].timeout_s


def test_a_retry_after_beyond_the_deadline_is_not_begun(script):
    """Waiting past the end would be for nothing."""
    vendor = script(answer("<html>", 429, headers={"retry-after": "10"}), ACTIVE)

    def story(provider):
        started_s = yield from pause()
        return (yield from within(read(provider), started_s + 5))

    with pytest.raises(errors.RateLimitedError):
        vendor.run(story)

    assert (1, 0.0) == (len(vendor.sent), vendor.time.monotonic())


@pytest.fixture
def without_stamina():
    stamina.set_active(False)
    yield
    stamina.set_active(True)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (LOST, errors.ConnectionFailedError),
        (answer("<html>", 503), errors.ServiceUnavailableError),
    ],
)
def test_retrying_can_be_switched_off_everywhere(script, without_stamina, fault, error):
    """`stamina.set_active(False)` means one attempt, here as in any program that uses stamina."""
    vendor = script(fault, ACTIVE)

    with pytest.raises(error):
        vendor.run(read)

    assert 1 == len(vendor.sent)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (LOST, errors.ConnectionFailedError),
        (answer("<html>", 503), errors.ServiceUnavailableError),
    ],
)
def test_retrying_can_be_cut_short_in_tests(script, fault, error):
    """In stamina's testing mode attempts are capped, and the last outcome is the result."""
    vendor = script(fault, fault, ACTIVE)

    with stamina.set_testing(True, attempts=1), pytest.raises(error):
        vendor.run(read)

    assert 2 == len(vendor.sent)


def test_retries_are_logged_without_secrets(script, caplog):
    """Each repetition is a line at INFO: what, why, and when again."""
    caplog.set_level(logging.INFO, "portraitkit")
    vendor = script(LOST, ACTIVE)

    vendor.run(read)

    assert "connection lost while receiving, next attempt in 0.5 s" in caplog.text
    assert KEY not in caplog.text


# -- authorising -----------------------------------------------------------------------------------


@frozen(kw_only=True, slots=False)
class Stamped(AllToken):
    """Signs with the time, as some vendors want it."""

    seen: list[datetime] = field(factory=list, eq=False)

    def authorize(self, request, *, now):
        self.seen.append(now)
        return request.with_headers({"Authorization": f"Stamp {now.isoformat()}"})


def test_every_attempt_is_authorised_afresh(script):
    """A signature holds the time: a repeated request carries a new one."""
    provider = Stamped(api_key=Secret(KEY))
    vendor = script(LOST, LOST, ACTIVE, provider=provider)

    vendor.run(read)

    expected = [NOW + timedelta(seconds=seconds) for seconds in (0, 0.5, 1.5)]
    assert expected == provider.seen
    assert 3 == len({each.headers["Authorization"] for each in vendor.sent})


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/v1",
        "http://api.alltoken.ai/v1",
        "https://api.alltoken.ai:8443/v1",
        "https://api.alltoken.ai@elsewhere.example/v1",
        "https://api.alltoken.ai.elsewhere.example/v1",
    ],
)
def test_no_credential_goes_to_an_unconfigured_origin(script, url):
    """A request that wants a credential for another host is refused before it is authorised."""
    vendor = script()

    def story(provider):
        return (yield from send(Request(method="GET", url=url, auth=Auth.BEARER)))

    with pytest.raises(errors.UnexpectedResponseError, match="with credentials"):
        vendor.run(story)

    assert [] == vendor.sent


def test_a_bare_request_carries_no_credential(script):
    """Media hosts are asked without a key, and their passing faults are ridden out too."""
    vendor = script(answer("", 503), answer("", 429), LOST, answer("film", 200))
    request = Request(method="GET", url="https://media.example/film.mp4?sig=1", repeatable=True)

    def story(provider):
        return (yield from send(request))

    response = vendor.run(story)

    assert b"film" == response.content
    assert 3 == len(response.attempts)
    assert all(not each.headers for each in vendor.sent)


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_media_hosts_refusal_is_an_answer(script, status):
    """What a media host says for good is for the flow to judge, and not repeated."""
    vendor = script(answer("", status))

    def story(provider):
        return (yield from send(Request(method="GET", url="https://media.example/film.mp4")))

    assert status == vendor.run(story).status


# -- flows -----------------------------------------------------------------------------------------


def test_a_spent_flow_is_refused(script, provider):
    """Run again, a generator would return None as if all were well."""
    flow = read(provider)
    vendor = script(ACTIVE)
    vendor.run(lambda _: flow)

    with pytest.raises(TypeError, match="already run"):
        vendor.run(lambda _: flow)

    assert 1 == len(vendor.sent)


def test_a_flow_that_has_begun_is_refused(script, provider):
    """A flow that someone else is driving is not taken over."""
    flow = read(provider)
    next(flow)

    with pytest.raises(TypeError, match="already run"):
        script().run(lambda _: flow)
    flow.close()


def test_pauses_and_work_are_the_drivers(script):
    """Pauses move the clock, work runs, and both come back with what they came to."""
    vendor = script()

    def story(provider):
        before_s = yield from pause()
        after_s = yield from pause(2.5)
        made = yield from work(lambda: "made")
        return before_s, after_s, made

    assert (0.0, 2.5, "made") == vendor.run(story)


def test_a_flow_may_catch_what_became_of_a_request(script):
    """Errors are raised inside the flow, at the step that failed."""
    vendor = script(LOST, ACTIVE)
    vendor._options["budget"] = Budget(attempts=1)

    def story(provider):
        try:
            yield from read(provider)
        except errors.ConnectionFailedError as error:
            asset = yield from read(provider)
            return error.message, asset.status
        return None

    message, status = vendor.run(story)

    assert AssetStatus.ACTIVE is status
    assert "connection lost" in message


def test_works_error_is_the_flows(script):
    """A PortraitError from blocking work is raised inside the flow too."""
    vendor = script()

    def fail():
        raise errors.MediaError("no such file")

    def story(provider):
        try:
            yield from work(fail)
        except errors.MediaError as error:
            return error.message
        return None

    assert "no such file" == vendor.run(story)


def test_a_real_clock_is_the_default():
    """Without a virtual one, time is the machine's."""
    clock = Clock()

    assert abs(clock.monotonic() - time.monotonic()) < 5
    assert clock.now().tzinfo is not None
    assert 0 <= clock.jitter() < 1


# -- errors ----------------------------------------------------------------------------------------


def test_a_cause_is_kept_and_masked(script):
    """What an error came from is still told: as it is, or without what is secret in it."""

    def story(cause):
        yield from ()
        raise errors.ConflictError("no") from cause

    for cause, told in (
        (KeyError("rows"), "KeyError('rows')"),
        (ValueError(f"no {KEY}"), "Exception('ValueError: no <secret>')"),
        (errors.MediaError(f"no {KEY}"), "MediaError('no <secret>')"),
    ):
        with pytest.raises(errors.ConflictError) as caught:
            script().run(lambda _, cause=cause: story(cause))
        assert (told, None) == (repr(caught.value.__cause__), caught.value.__context__)


def test_no_text_of_an_error_shows_a_secret(script):
    """Vendors echo keys, tokens and signed links; every text form has them masked."""
    echo = f"key {KEY}, https://media.example/a.png?X-Tos-Signature=abc, Bearer abcdefgh"
    vendor = script(refusal(f"NotFound.{KEY}", 404, echo, headers={"x-request-id": KEY}))

    with pytest.raises(errors.NotFoundError) as caught:
        vendor.run(read)

    texts = [
        str(caught.value),
        repr(caught.value),
        repr(vars(caught.value)),
        "".join(traceback.format_exception(caught.value)),
        repr(pickle.loads(pickle.dumps(caught.value)).__dict__),
    ]
    for text in texts:
        assert not [secret for secret in (KEY, "X-Tos", "abcdefgh") if secret in text]
        assert "<secret>" in text


def test_a_token_in_a_body_is_masked_too(script):
    """What a request itself calls secret, such as a face check's token, is hidden in its errors."""
    vendor = script(refusal("InternalError.20260318TOKEN", 500, "no session 20260318TOKEN"))
    vendor._options["budget"] = Budget(attempts=1)

    with pytest.raises(errors.ServiceUnavailableError) as caught:
        vendor.run(lambda provider: provider.check_verification("20260318TOKEN"))

    assert "20260318TOKEN" not in str(caught.value) + repr(vars(caught.value))


def test_a_secret_lost_in_a_pickle_is_no_obstacle(script):
    """A flow may hold a secret without a value; masking goes on with the others."""
    vendor = script(answer(f"no {KEY}", 404))
    request = Request(method="GET", url="https://api.alltoken.ai/v1", secrets=(Secret(None),))

    def story(provider):
        yield from send(request)
        raise errors.ProviderError(f"no {KEY}")

    with pytest.raises(errors.ProviderError, match="no <secret>"):
        vendor.run(story)


def test_a_rename_of_unknown_outcome_is_repeated(script):
    """Doing it twice is as good as once, so a rename counts as a read."""
    group = answer({"Result": {"Id": "group-20260318035710-abcde", "Name": "Ann"}})
    vendor = script(LOST, answer({"Result": {}}), group)

    assert "Ann" == vendor.run(rename).name
