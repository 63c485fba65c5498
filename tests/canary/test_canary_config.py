"""Configurations with marked secrets, sound and broken: no message, text or frame shows one."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import canary_marks as marks
import pytest
from canary_marks import leaks
from canary_vendors import VENDORS
from canary_watch import Watch

import portraitkit as pk

KEY = marks.API_KEY.value
SECRET = marks.SECRET_KEY.value
SIGNED_ORIGIN = f"https://user:{SECRET}@api.example"
FOLDERS = ("alltoken", "volcengine")

Broken = Callable[[Path], str]


def _profile(*lines: str, name: str = "alltoken") -> str:
    return "\n".join(
        [
            f'profile = "{name}"',
            f"[profiles.{name}]",
            f'callback_url = "{marks.CALLBACK_URL}"',
            *lines,
        ]
    )


def _signed(*lines: str) -> str:
    return _profile('api_key = "env:CANARY_API_KEY"', *lines, name="volcengine")


SOUND = {
    "literal": _profile(f'api_key = "{KEY}"', 'base_url = "http://127.0.0.1:8360"'),
    "environment": _signed(
        'access_key = "env:CANARY_ACCESS_KEY"',
        'secret_key = "env:CANARY_SECRET_KEY"',
        'session_token = "env:CANARY_SESSION_TOKEN"',
    ),
    "file": _profile('api_key = "file:key.txt"'),
    "keyring": _profile('api_key = "keyring:canary/key"'),
    "settings": _profile(
        f'api_key = "{KEY}"',
        'media_folder = "published"',
        f'media_url = "{marks.PUBLISHED_URL}"',
        'models = { mine = "ep-2026" }',
        "pacing = { asset = { first_s = 1 } }",
        'account = "mine"',
    ),
}
SOUND["object store"] = _profile(
    f'api_key = "{KEY}"',
    'media_host = "s3://faces"',
    f'media_options = {{ access_key_id = "file:key.txt", secret_access_key = "{SECRET}" }}',
)
_STORE = (f'api_key = "{KEY}"', 'media_host = "s3://faces"')
BROKEN = {
    "blank in a literal": _profile(f'api_key = "{KEY} "'),
    "broken reference": _profile(f'api_key = "envs:{KEY}"'),
    "no variable": _profile(f'api_key = "env:{KEY}"'),
    "no service": _profile(f'api_key = "keyring:{KEY}"'),
    "shell variable": _profile('api_key = "${CANARY_API_KEY}"'),
    "variable not set": _signed(
        'access_key = "env:CANARY_ACCESS_KEY"', 'secret_key = "env:CANARY_NOT_SET"'
    ),
    "file with two lines": _profile('api_key = "file:two-lines.txt"'),
    "file that is none": _profile('api_key = "file:none.txt"'),
    "keyring that fails": _profile('api_key = "keyring:locked/key"'),
    "missing key": _signed('access_key = "env:CANARY_ACCESS_KEY"'),
    "unknown key": _profile(f'api_key = "{KEY}"', f'apikey = "{SECRET}"'),
    "list": _profile(f'api_key = ["{KEY}"]'),
    "table": _profile(f'api_key = {{ value = "{KEY}" }}'),
    "number": _profile("api_key = 12345"),
    "unquoted": _profile(f"api_key = {KEY}"),
    "unclosed": _profile(f'api_key = "{KEY}'),
    "twice": _profile(f'api_key = "{KEY}"', f'api_key = "{SECRET}"'),
    "user in the origin": _profile(f'api_key = "{KEY}"', f'base_url = "{SIGNED_ORIGIN}"'),
    "query in the origin": _profile(f'api_key = "{KEY}"', f'base_url = "{marks.PUBLISHED_URL}"'),
    "plain http": _profile(f'api_key = "{KEY}"', f'base_url = "http://a.example/{KEY}"'),
    "bad pacing": _profile(f'api_key = "{KEY}"', 'pacing = { asset = "soon" }'),
    "odd pacing": _profile(f'api_key = "{KEY}"', f'pacing = "{KEY}"'),
    "bad models": _profile(f'api_key = "{KEY}"', f'models = "{SECRET}"'),
    "bad number": _profile(f'api_key = "{KEY}"', f'verification_life_s = "{KEY}"'),
    "media without a folder": _profile(f'api_key = "{KEY}"', f'media_url = "{marks.SOURCE_URL}"'),
    "key in the store": _profile(f'api_key = "{KEY}"', f'media_host = "s3://{KEY}:{SECRET}@faces"'),
    "signed store": _profile(f'api_key = "{KEY}"', f'media_host = "{marks.PUBLISHED_URL}"'),
    "odd options": _profile(*_STORE, f'media_options = "{SECRET}"'),
    "unknown option": _profile(*_STORE, f'media_options = {{ colour = "{SECRET}" }}'),
    "bad option": _profile(*_STORE, f'media_options = {{ skip_signature = "{SECRET}" }}'),
    "bad endpoint": _profile(*_STORE, f'media_options = {{ endpoint = "{SIGNED_ORIGIN}" }}'),
    "bad life": _profile(*_STORE, f'media_link_life_s = "{SECRET}"'),
    "key at the top": f'api_key = "{KEY}"\n' + _profile(),
    "provider is a number": _profile(f'api_key = "{KEY}"', "provider = 7"),
    "no such provider": _profile(f'api_key = "{KEY}"', 'provider = "nobody"'),
    "no profile": f'[profiles.other]\napi_key = "{KEY}"',
    "not text": f'api_key = "{KEY}"\udcff',
}


@pytest.fixture
def watch(tmp_path, monkeypatch):
    """Secrets in the environment, in files and in a keyring; nothing else of this machine."""
    monkeypatch.chdir(tmp_path)
    for name in ("PORTRAITKIT_CONFIG", "PORTRAITKIT_PROFILE", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for key, value in VENDORS["volcengine"].secrets.items():
        monkeypatch.setenv(f"CANARY_{key.upper()}", value)
    (tmp_path / "key.txt").write_text(KEY)
    (tmp_path / "two-lines.txt").write_text(f"{KEY}\n{SECRET}\n")
    monkeypatch.setitem(sys.modules, "keyring", types.SimpleNamespace(get_password=_password))
    watch = Watch()
    with watch.listening():
        yield watch


def _password(service: str, user: str) -> str:
    if service == "locked":
        raise RuntimeError(f"the keyring is locked, it holds {KEY}")
    return KEY


def _try(watch: Watch, call: Callable[..., Any], *args: Any, **named: Any) -> bool:
    try:
        result = call(*args, **named)
    except pk.PortraitError as error:
        watch.error(error)
        return False
    watch.see(result)
    for each in (getattr(result, "provider", None),):
        watch.see(each)
    return True


def _judge(watch: Watch, capfd: Any) -> None:
    watch.texts += [("output", text) for text in capfd.readouterr()]
    found = leaks(watch.texts)
    assert not found, f"{len(found)} leaks:\n" + "\n".join(found[:20])


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_configuration_shows_no_secret(watch, capfd, tmp_path, name):
    """Clients, providers and the explanation of their settings show where secrets come from."""
    path = tmp_path / "portraitkit.toml"
    path.write_text(SOUND[name], encoding="utf-8")

    results = [
        _try(watch, call, config=path) for call in (pk.connect, pk.connect_async, pk.explain_config)
    ]
    assert [True, True, True] == results
    _judge(watch, capfd)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_configuration_shows_no_secret(watch, capfd, tmp_path, name):
    """Neither what is said of a broken configuration nor the frames behind it hold a secret."""
    path = tmp_path / "portraitkit.toml"
    path.write_bytes(BROKEN[name].encode(errors="surrogateescape"))

    calls = (pk.connect, pk.connect_async)
    results = [_try(watch, call, config=path) for call in calls]
    _ = _try(watch, pk.explain_config, config=path)
    assert [False, False] == results
    _judge(watch, capfd)


@pytest.mark.parametrize("connect", [pk.connect, pk.connect_async])
@pytest.mark.parametrize(
    ("profile", "more"),
    [
        ("alltoken", {"base_url": f"http://remote.example/{KEY}"}),
        ("alltoken", {"base_url": SIGNED_ORIGIN}),
        ("alltoken", {"settings": {"secret_key": SECRET}}),
        ("alltoken", {"settings": {"callback_url": [marks.CALLBACK_URL]}}),
        ("alltoken", {"settings": {"callback_url": marks.CALLBACK_URL, "pacing": {"x": KEY}}}),
        ("volcengine", {"access_key": marks.ACCESS_KEY.value}),
        ("nobody", {"secret_key": SECRET}),
        (None, {}),
    ],
)
def test_credentials_as_arguments_are_in_no_frame(watch, capfd, connect, profile, more):
    """A key that is passed to connect is in no frame that an error goes through."""
    assert not _try(watch, connect, profile, api_key=KEY, **more)

    _judge(watch, capfd)
