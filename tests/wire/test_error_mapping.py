"""How an answer becomes an error: by the vendor's code, then by its status, never by prose."""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portraitkit.providers.alltoken import AllToken
from portraitkit.testing import answer
from portraitkit.values import errors
from portraitkit.values.remarks import Attempt, Outcome
from portraitkit.values.secret import Secret
from portraitkit.vendor.answers import refusal_in
from portraitkit.wire.error_mapping import (
    bare,
    certain,
    class_of,
    is_load,
    retry_after_s,
    was_refused,
)
from portraitkit.wire.steps import Request

PROVIDER = AllToken(api_key=Secret("sk-test-key"))
NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)
CREATE = Request(method="POST", url="https://api.alltoken.ai/x")
READ = attrs.evolve(CREATE, method="GET", repeatable=True)


def refusal(code="", message="", request_id=""):
    """The portrait envelope's form of a refusal."""
    error = {"Code": code, "Message": message}
    return {"ResponseMetadata": {"RequestId": request_id, "Error": error}}


# -- reading ---------------------------------------------------------------------------------------


def test_a_good_answer_is_no_refusal():
    """Success by status, and nothing in the body, is no error."""
    assert refusal_in(PROVIDER, answer({"Result": {"Id": "group-1"}})) is None


@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_refusal_in_the_body_counts_whatever_the_status_says(status):
    """The code decides the class, and the vendor's own words are kept."""
    response = answer(refusal("QuotaExceeded", "fifty groups", "req-1"), status)
    error = refusal_in(PROVIDER, attrs.evolve(response, received_at=NOW))

    assert type(error) is errors.QuotaExceededError
    assert (error.code, error.vendor_message, error.request_id) == (
        "QuotaExceeded",
        "fifty groups",
        "req-1",
    )
    assert (error.status, error.provider, error.received_at) == (status, "alltoken", NOW)


def test_a_refusal_keeps_the_failed_tries_before_it():
    """The attempts that the driver counted are in the error."""
    tries = (Attempt(number=1, outcome=Outcome.REFUSED, reason="HTTP 503"),)
    error = refusal_in(PROVIDER, attrs.evolve(answer(refusal("Forbidden"), 403), attempts=tries))

    assert error.attempts == tries


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.InvalidRequestError),
        (401, errors.AuthenticationError),
        (402, errors.InsufficientBalanceError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (413, errors.InvalidRequestError),
        (415, errors.InvalidRequestError),
        (418, errors.ProviderError),
        (422, errors.InvalidRequestError),
        (429, errors.RateLimitedError),
        (500, errors.ServiceUnavailableError),
        (501, errors.ServiceUnavailableError),
        (502, errors.ServiceUnavailableError),
        (503, errors.ServiceUnavailableError),
        (599, errors.ServiceUnavailableError),
    ],
)
@pytest.mark.parametrize("body", ["<html>no</html>", b"", {"unheard": "of"}])
def test_without_a_code_the_status_decides(status, kind, body):
    """A gateway's HTML, an empty body and an unknown form are read by status."""
    error = refusal_in(PROVIDER, answer(body, status))

    assert type(error) is kind
    assert f"HTTP {status}" in str(error)


def test_the_text_of_a_refusal_without_words_says_what_came():
    """An answer in no documented form names its content type."""
    shown = [refusal_in(PROVIDER, answer(body, 502)).message for body in ("<html>", {"a": 1})]
    response = attrs.evolve(answer(b"", 502), headers={})

    assert "HTTP 502 with text/html" in shown[0]
    assert "HTTP 502 with application/json" in shown[1]
    assert "no content type" in refusal_in(PROVIDER, response).message


@pytest.mark.parametrize(
    ("code", "message", "text"),
    [("Forbidden", "not yours", "not yours"), ("Forbidden", "", "the vendor refused")],
)
def test_the_text_of_a_refusal_is_the_vendors(code, message, text):
    """The vendor's message is the message; a bare code gets a sentence."""
    assert refusal_in(PROVIDER, answer(refusal(code, message), 403)).message == text


def test_prose_never_decides():
    """A message that speaks of quotas is no quota error without the code."""
    error = refusal_in(
        PROVIDER, answer(refusal("Odd", "QuotaExceeded: rate limit, not found"), 400)
    )

    assert type(error) is errors.InvalidRequestError


@pytest.mark.parametrize(
    ("location", "where"),
    [
        ("https://login.example/x?token=abcdef", "https://login.example"),
        ("https://user:abcdef@login.example/x", "https://login.example"),
        ("/login?token=abcdef", "another path"),
        ("", "nowhere"),
        ("https://[login", "another path"),
    ],
)
def test_a_redirect_of_the_api_is_not_followed(location, where):
    """Credentials never go where an answer points; the error says where that is, and no more."""
    headers = {"location": location} if location else {}
    error = refusal_in(PROVIDER, answer(b"", 302, headers=headers))

    assert type(error) is errors.UnexpectedResponseError
    assert f"redirects to {where};" in error.message
    assert "abcdef" not in str(error)
    assert "base_url" in error.next_step


def test_a_media_hosts_fault_is_read_by_its_status():
    """A host that is not the vendor's API has no codes; only passing faults are errors."""
    error = bare(answer(b"", 503, headers={"retry-after": "2"}))

    assert (type(error), error.retry_after_s) == (errors.ServiceUnavailableError, 2.0)
    assert type(bare(answer(b"", 429))) is errors.RateLimitedError
    assert bare(answer(b"", 404)) is None


# -- codes -----------------------------------------------------------------------------------------

CODES = {
    "NotFound": errors.NotFoundError,
    "QuotaExceeded": errors.QuotaExceededError,
    "QuotaExceeded.QPM": errors.RateLimitedError,
    "PUBLIC_*": errors.ContentRejectedError,
}


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("NotFound", 200, errors.NotFoundError),
        ("NotFound.group_id", 400, errors.NotFoundError),
        ("NotFound.a.b.c", 400, errors.NotFoundError),
        ("QuotaExceeded.QPM", 400, errors.RateLimitedError),
        ("QuotaExceeded.Groups", 400, errors.QuotaExceededError),
        ("PUBLIC_ERROR_SEXUAL", 400, errors.ContentRejectedError),
        ("PUBLI", 403, errors.PermissionDeniedError),
        ("NotFoundHere", 403, errors.PermissionDeniedError),
        ("notfound", 200, errors.ProviderError),
        (".NotFound", 200, errors.ProviderError),
        (".", 500, errors.ServiceUnavailableError),
        ("", 418, errors.ProviderError),
    ],
)
def test_a_code_is_looked_up_whole_then_by_its_beginning(code, status, kind):
    """The longest dotted beginning that is listed decides, a listed `START_*`, then the status."""
    assert class_of(CODES, code, status) is kind


@given(st.text(), st.integers(100, 600))
def test_any_code_has_a_class(code, status):
    """Whatever a vendor calls it, it is a ProviderError."""
    assert issubclass(class_of(PROVIDER.error_codes, code, status), errors.ProviderError)


# -- what became of it -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "load"),
    [
        (errors.RateLimitedError, True),
        (errors.ServiceUnavailableError, True),
        (errors.QuotaExceededError, False),
        (errors.AuthenticationError, False),
    ],
)
def test_only_load_is_worth_another_try(kind, load):
    """A full quota stays full; a busy server does not."""
    assert is_load(kind("no")) is load
    assert is_load(None) is False


BUSY = errors.ServiceUnavailableError
FAULTS = (
    *({"status": status} for status in (200, 400, 500, 501, 502, 503)),
    {"status": 500, "code": "InternalError"},
    {"status": 503, "code": "Busy"},
    {"status": 503, "retry_after_s": 0.0},
    {"status": 504, "retry_after_s": 3},
)
UNCLEAR = (101, 102, 300, 302, 303, 307, 308, 408, 499)
"""A redirect may be HTTP's way to tell of success; a gateway may have given up too early."""


@pytest.mark.parametrize(
    ("refused", "kind", "members"),
    [
        *((False, BUSY, members) for members in FAULTS),
        *((False, errors.ProviderError, {"status": status}) for status in UNCLEAR),
        *((True, errors.ProviderError, {"status": s}) for s in (None, 200, 400, 404, 429)),
        # A code that the vendor lists is believed, but not after a server's failure.
        *((True, errors.RateLimitedError, {"status": s, "code": "Listed"}) for s in (200, 429)),
        (True, errors.PermissionDeniedError, {"status": 503, "code": "Listed"}),
        (False, errors.RateLimitedError, {"status": 503, "code": "Listed"}),
    ],
)
def test_only_a_refusal_proves_that_nothing_was_done(refused, kind, members):
    """A vendor that says no did not act; a failure, whoever speaks of it, proves nothing."""
    assert refused is was_refused(kind("no", **members))


def test_a_create_that_ended_in_a_servers_fault_is_unknown():
    """It was not repeated, and the error says how to look for what may have been made."""
    error = errors.ServiceUnavailableError(
        "no", provider="alltoken", status=502, code="c", vendor_message="m", request_id="r"
    )
    found = certain(error, CREATE, answer(b"", 502))

    assert type(found) is errors.OutcomeUnknownError
    assert (found.provider, found.status, found.code) == ("alltoken", 502, "c")
    assert (found.vendor_message, found.request_id) == ("m", "r")
    assert "list operation" in found.next_step


@pytest.mark.parametrize(("request_", "status"), [(READ, 502), (CREATE, 400)])
def test_a_refusal_that_is_certain_stays_what_it_is(request_, status):
    """A read changed nothing, and a refusal by the vendor did not either."""
    error = errors.ProviderError("no", status=status)

    assert certain(error, request_, answer(b"", status)) is error


def test_a_refusal_that_proves_nothing_says_so_itself():
    """An adapter may know a refusal that does not tell whether the vendor acted."""
    error = errors.ProviderError("no", status=400)
    error.proves_refusal = False

    assert not was_refused(error)
    assert type(certain(error, CREATE, answer(b"", 400))) is errors.OutcomeUnknownError


# -- when to come back -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.0),
        (" 1.5 ", 1.5),
        ("Wed, 18 Mar 2026 12:00:30 GMT", 30.0),
        ("Wed, 18 Mar 2026 12:00:30 -0000", 30.0),
        ("Wed, 18 Mar 2026 20:00:30 +0800", 30.0),
        ("Wed, 18 Mar 2026 11:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("²", None),
        ("1e3", None),
        ("inf", None),
        ("nan", None),
        ("9" * 400, inf),
        ("Wed, 99 Mar 2026 12:00:30 GMT", None),
    ],
)
def test_a_vendors_invitation_is_read_in_seconds_or_as_a_date(text, seconds):
    """Both forms become seconds from the answer; what is neither is none."""
    response = answer(b"", 429, headers={"retry-after": text}, received_at=NOW)

    assert retry_after_s(response) == seconds


def test_no_invitation_is_none():
    """Without the header nothing is guessed."""
    assert retry_after_s(answer(b"", 429)) is None


@given(st.text(st.characters(codec="latin-1")) | st.text("0123456789.:, +-MonJanGT"))
@example("Mon, 01 Jan 0000 00:00:00 GMT")
@example("31 Dec 9999 23:59:59 -2359")
def test_any_header_is_seconds_or_none(text):
    """No header makes reading an answer fail, or asks to come back in the past."""
    response = answer(b"", 429, headers={"retry-after": text}, received_at=NOW)
    found = retry_after_s(response)

    assert found is None or found >= 0
