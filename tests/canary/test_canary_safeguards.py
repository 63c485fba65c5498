"""The safeguards one by one, where the scenarios do not reach."""

from __future__ import annotations

import logging
import pickle

import anyio
import httpx
import pytest

from portraitkit.engine.transport import AsyncHttpxTransport, HttpxTransport
from portraitkit.values.errors import ConfigError, without_frames
from portraitkit.values.masking import masked_repr, masker
from portraitkit.values.secret import Hidden, Secret
from portraitkit.wire.steps import Request

TOKEN = "58799c71cfdba954f7f3b1b6780eca93"
SIGNED = f"https://tos.example/mia.mp4?X-Tos-Signature={TOKEN}"


def _answering(request: httpx.Request) -> httpx.Response:
    for name in ("hpack.hpack", "hpack.table"):
        logging.getLogger(name).debug("encoding %s", request.headers.raw)
    told = (b"HTTP/1.1", 302, b"Found", [(b"location", SIGNED.encode())])
    for name in ("http11", "http2", "connection", "proxy", "socks"):
        log = logging.getLogger(f"httpcore.{name}")
        log.debug("%s.complete return_value=%r", name, told)
        log.debug("%s.failed exception=%r", name, OSError(TOKEN))
    return httpx.Response(200, json={"read": "at once"})


def test_lower_layers_log_neither_headers_nor_bytes_of_our_requests(caplog):
    """What HTTP/1.1, HTTP/2 and proxies log keeps the event and the status alone."""
    client = httpx.Client(transport=httpx.MockTransport(_answering))
    request = Request(method="GET", url=SIGNED, headers={"Authorization": f"Bearer {TOKEN}"})
    with caplog.at_level(logging.DEBUG):
        response = HttpxTransport(client).send(request)

    assert TOKEN not in caplog.text
    assert "hpack" not in caplog.text
    assert "http11.complete return_value=(b'HTTP/1.1', 302, b'Found'" in caplog.text
    assert "http11.failed exception=OSError(...)" in caplog.text
    assert b"at once" in response.content


def test_a_token_in_the_path_of_a_request_is_not_logged(caplog):
    """What a request says is secret in it is masked in what httpx logs, an id beside it is not."""
    client = httpx.Client(transport=httpx.MockTransport(_answering))
    url = f"https://a.example/sessions/{TOKEN}/asset-20260318035710-xxxxx"
    with caplog.at_level(logging.DEBUG):
        _ = HttpxTransport(client).send(
            Request(method="POST", url=url, secrets=(Secret(TOKEN),), repeatable=True)
        )

    assert TOKEN not in caplog.text
    assert "/sessions/<secret>/asset-20260318035710-xxxxx" in caplog.text


def test_others_requests_are_logged_as_they_are(caplog):
    """An application's own requests through the same library are none of ours to mask."""
    client = httpx.Client(transport=httpx.MockTransport(_answering))
    _ = HttpxTransport(client)
    with caplog.at_level(logging.DEBUG):
        _ = client.get(SIGNED)

    assert SIGNED in caplog.text
    assert "hpack" in caplog.text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"open https://h5.example/face/{TOKEN}", "open https://h5.example/face/<secret>"),
        (
            f"open https://h5.example/face/{TOKEN}?t=1.",
            "open https://h5.example/face/<secret>?<secret>",
        ),
        ("https://user:word@tos.example/mia.mp4", "https://<secret>@tos.example/mia.mp4"),
        (
            "see https://docs.example/docs/82379/1520757",
            "see https://docs.example/docs/82379/1520757",
        ),
    ],
)
def test_tokens_in_paths_are_masked_where_asked(text, shown):
    """H5 links have their token in the path; pages of a vendor's documents stay readable."""
    assert shown == masker([], in_paths=True)(text)


@pytest.mark.parametrize(
    "text",
    ["a+b/c==", "a%2Bb%2Fc%3D%3D", r"a+b\/c=="],
    ids=["plain", "percent-encoded", "in JSON"],
)
def test_a_secret_is_masked_in_each_of_its_forms(text):
    """A vendor may echo a key as it was sent in a URL or in JSON."""
    assert "key <secret>!" == masker(["a+b/c=="])(f"key {text}!")


def test_a_links_signature_is_masked_without_the_link():
    """Object stores name the signature alone: `<SignatureProvided>…`."""
    assert "<S><secret></S>" == masker([SIGNED])(f"<S>{TOKEN}</S>")


def test_a_masked_repr_shows_the_rest():
    """Only what signs an address is left out."""
    assert "{'url': 'https://tos.example/mia.mp4?<secret>'}" == masked_repr({"url": SIGNED})


def test_a_hidden_value_is_compared_and_not_shown():
    """It equals another by its value, and loses it in a pickle."""
    assert Hidden([TOKEN]) == Hidden([TOKEN]) != Hidden([])
    assert Hidden(1) != 1
    assert "<hidden>" == repr(Hidden(TOKEN))
    assert pickle.loads(pickle.dumps(Hidden(TOKEN))).value is None


def test_an_error_leaves_without_the_frames_inside():
    """What raised it, and what came before, is gone; what it says is not."""

    @without_frames
    def fail(key):
        try:
            raise OSError(key)  # noqa: TRY301  (the frame has to be this one)
        except OSError:
            raise ConfigError("no luck") from None

    with pytest.raises(ConfigError, match="no luck") as caught:
        fail(TOKEN)
    frame = caught.value.__traceback__.tb_next.tb_frame

    assert caught.value.__context__ is None
    assert {} == {k: v for k, v in frame.f_locals.items() if k in ("args", "kwargs")}
    assert frame.f_back is None or frame.f_code.co_name == "call"


def test_an_error_keeps_a_cause_that_is_meant_to_be_seen():
    """An adapter that cannot be loaded says why."""

    @without_frames
    def fail():
        raise ConfigError("cannot be loaded") from ImportError("no module x")

    with pytest.raises(ConfigError) as caught:
        fail()
    assert isinstance(caught.value.__cause__, ImportError)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_answer_that_was_read_already_is_taken(backend):
    """A stand-in for the network may hand out its answer in one piece, awaited too."""

    async def run():
        client = httpx.AsyncClient(transport=httpx.MockTransport(_answering))
        return await AsyncHttpxTransport(client).send(Request(method="GET", url=SIGNED))

    assert b"at once" in anyio.run(run, backend=backend).content
