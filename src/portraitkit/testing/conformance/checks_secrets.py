"""Checks that nothing secret shows: in texts, logs, errors and pickles of what is produced."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import attrs

from ...values.errors import PortraitError
from ...values.secret import Secret
from ...wire.codec import is_array
from .journey import CALLBACK_URL, PICTURE_URL, Journey
from .looking import require
from .suite import Suite

_SHORTEST: Final = 8


class SecretsChecks(Suite):
    """Keys, links, tokens and codes."""

    def test_secrets_do_not_show_in_texts(self) -> None:
        """No repr or str of adapter, requests, answers, results and previews holds a secret."""
        journey = self._whole_journey()
        for what, thing in _produced(journey):
            for text in (repr(thing), str(thing), f"{thing}"):
                _clean(text, f"the text of {what}", journey)

    def test_secrets_do_not_show_in_previews(self) -> None:
        """A preview masks every credential, header by header."""
        journey = self._whole_journey()
        provider = journey.provider
        if not self._offers("create_video"):
            return
        preview = provider.preview_video(self.video(journey.active))
        told = f"{preview!r} {dict(preview.headers)} {dict(preview.body)} {preview.content!r}"
        for secret in provider.secrets:
            require(
                secret.reveal() not in told,
                "preview_video shows a credential",
                "add credentials in authorize() alone, not in video_request()",
            )

    def test_secrets_do_not_show_in_logs(self) -> None:
        """Nothing that is logged on the way holds a secret, at any level."""
        journey = self._whole_journey()
        for line in journey.logged:
            _clean(line, "a log line", journey)

    def test_secrets_do_not_show_in_errors(self) -> None:
        """A vendor that echoes keys and links in a refusal does not get them into an error."""
        journey = self._whole_journey()
        for step in journey.steps:
            asked = [request for request in step.asked if request.auth.value != "none"]
            if step.error is not None or not asked:
                continue
            known = [each.reveal() for each in journey.provider.secrets]
            known += [each.reveal() for request in step.asked for each in request.secrets]
            echo = self.refusals(400, "", f"{' '.join(known)} is refused")[0]
            error = self._answered(step, echo)
            if not isinstance(error, PortraitError):
                continue
            told = "".join(traceback.format_exception(error))
            told += f"{error!r} {error.vendor_message} {error.__dict__} {pickle.dumps(error)!r}"
            for value in known:
                require(
                    value not in told,
                    f"{step.operation}: the vendor's refusal echoes a secret, and so does {error}",
                    "put what a request holds that no text may show into Request(secrets=…); "
                    "credentials are known as the adapter's Secret fields",
                )

    def test_secrets_do_not_travel_in_pickles(self) -> None:
        """A pickle of a result, an error or the adapter carries no secret."""
        journey = self._whole_journey()
        for what, thing in [("the adapter", journey.provider), *_results(journey)]:
            told = pickle.dumps(thing).decode("latin-1")
            _clean(told, f"a pickle of {what}", journey)

    def test_secrets_are_known_as_secrets(self) -> None:
        """What a request carries of callbacks and links is declared, so that texts are masked."""
        journey = self._whole_journey()
        for step in journey.of("add_asset", "start_verification"):
            for request in step.asked:
                body = request.content.decode("latin-1").replace("\\/", "/")
                for url in (PICTURE_URL, CALLBACK_URL):
                    if urlsplit(url).query not in body:
                        continue
                    require(
                        any(url in each.reveal() for each in request.secrets),
                        f"{step.operation}: {request!r} carries an address with a signature that "
                        "it does not declare",
                        "pass it on as Request(secrets=(Secret(url),)): vendors quote addresses in "
                        "their refusals",
                    )


def secrets_of(journey: Journey) -> set[str]:
    """Every value of the journey that no text may show."""
    found = {each.reveal() for each in journey.provider.secrets}
    for _, result in _results(journey):
        for secret in _secrets_in(result):
            found |= _parts(secret.reveal())
    found |= _parts(PICTURE_URL) | _parts(CALLBACK_URL)
    return {each for each in found if len(each) >= _SHORTEST}


def _known(journey: Journey) -> set[str]:
    """The secrets of a whole journey, gathered once."""
    if journey.secrets is None:
        journey.secrets = secrets_of(journey)
    return journey.secrets


def _parts(value: str) -> set[str]:
    if "://" not in value:
        return {value}
    pairs = parse_qsl(urlsplit(value).query)
    return {text for _, text in pairs if any(each.isdigit() for each in text)} or {value}


def _secrets_in(value: Any) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
    elif attrs.has(kind := value.__class__):
        for each in attrs.fields(kind):
            yield from _secrets_in(getattr(value, each.name))


def _produced(journey: Journey) -> Iterator[tuple[str, Any]]:
    yield "the adapter", journey.provider
    yield from _results(journey)
    for step in journey.steps:
        for request in step.asked:
            yield f"a request of {step.operation}", request
        for sent, response in step.exchanged:
            yield f"a request of {step.operation}, authorised", sent
            yield f"an answer to {step.operation}", response


def _results(journey: Journey) -> Iterator[tuple[str, Any]]:
    for step in journey.steps:
        found: list[Any] = step.result if is_array(step.result) else [step.result]
        for each in found:
            yield f"what {step.operation} returned", each


def _clean(text: str, what: str, journey: Journey) -> None:
    shown = next((value for value in _known(journey) if value in text), "")
    require(
        not shown,
        f"{what} shows a secret: …{_before(text, shown)}<here>…",
        "keep keys, tokens, codes and links in Secret fields, and leave repr to the models",
    )


def _before(text: str, value: str) -> str:
    place = text.index(value)
    return text[max(0, place - 60) : place]
