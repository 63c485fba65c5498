"""A media host in an object store, against a real S3 server."""

from __future__ import annotations

import filecmp
import sys
import time
import traceback
from urllib.parse import urlsplit

import httpx
import pytest

import portraitkit as pk
from portraitkit.config.building import build
from portraitkit.config.media_hosts import media_host_of
from portraitkit.config.profiles import Profile
from portraitkit.rehearsal import Rehearsal, rehearsing
from portraitkit.values.errors import ConfigError, MediaError

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
VOLCENGINE = {"api_key": "sk-1", "access_key": "AKLT-1", "secret_key": "secret=="}


def host_of(url="s3://faces/in/here", *, given=True, **settings):
    """The media host of a profile, or of settings that stand for one."""
    profile = Profile(name="mine", provider="volcengine", settings={"media_host": url, **settings})
    return media_host_of(profile, settings if given else (), rehearsed=False)


def publish(host, content=PNG, filename="mia.png", content_type="image/png"):
    return host.publish(content, filename=filename, content_type=content_type)


# -- files -----------------------------------------------------------------------------------------


def test_a_file_is_reached_by_its_link_alone(store):
    """The object is private and has its type; without the signature there is nothing to see."""
    link = publish(host_of(media_options=store.options))

    answer = httpx.get(link)
    assert (200, PNG, "image/png") == (
        answer.status_code,
        answer.content,
        answer.headers["content-type"],
    )
    assert httpx.get(link.partition("?")[0]).is_client_error
    assert [PNG] == [each.read_bytes() for each in store.files()]


def test_a_large_file_is_sent_in_parts(store, tmp_path):
    """From where it lies: it is stored whole, and its name tells as little as any."""
    path = tmp_path / "mia.png"
    path.write_bytes(PNG + bytes(12_000_000))

    with path.open("rb") as file:
        kind = {"filename": path.name, "content_type": "image/png"}
        link = host_of(media_options=store.options).publish_file(file, **kind)

    (stored,) = store.files()
    assert filecmp.cmp(path, stored, shallow=False)
    assert "image/png" == httpx.get(link).headers["content-type"]


def test_a_name_cannot_be_guessed(store):
    """It is random below the prefix: neither the file's name nor its content leads to it."""
    host = host_of(media_options=store.options)

    links = [urlsplit(publish(host)).path for _ in range(2)]

    first, second = (each.rpartition("/") for each in links)
    assert {"/faces/in/here"} == {first[0], second[0]}
    assert first[2] != second[2]
    assert all(len(each[2]) >= 48 and "mia" not in each[2] for each in (first, second))


def test_a_link_runs_out(store):
    """After the stated time the store refuses it, though the file is there."""
    link = publish(host_of(media_options=store.options, media_link_life_s=1))

    given_up = time.monotonic() + 30
    while (answer := httpx.get(link)).is_success and time.monotonic() < given_up:
        time.sleep(0.1)

    assert answer.is_client_error
    assert 1 == len(store.files())


def test_a_withdrawn_file_is_gone(store):
    """Also by a link that has run out, and once more; other files stay."""
    host = host_of(media_options=store.options)
    kept, link = publish(host), publish(host)

    host.withdraw(link)
    host.withdraw(link.partition("?")[0])

    assert httpx.get(link).is_client_error
    assert PNG == httpx.get(kept).content


def test_a_large_file_arrives_whole(store):
    """Also one that goes in parts."""
    content = PNG * 200_000

    link = publish(host_of(media_options=store.options), content, "clip.mp4", "video/mp4")

    assert content == httpx.get(link).content


# -- what goes wrong -------------------------------------------------------------------------------

CLOSED = "http://127.0.0.1:1"
FAULTS = {
    "no bucket": ("s3://nobody", {}, "media_host", "no such bucket"),
    "wrong key": (
        None,
        {"access_key_id": "AKIA-another"},
        "media_options",
        "refused the credentials (HTTP 403)",
    ),
    "wrong secret": (None, {"secret_access_key": "another"}, "media_options", "refused"),
    "failing": (None, {"skip_signature": True}, "media_options", "refused"),
    "unreachable": (None, {"endpoint": CLOSED}, "media_options", "cannot be reached"),
    "no keys": (
        None,
        {"access_key_id": None, "secret_access_key": None, "metadata_endpoint": CLOSED},
        "media_options",
        "no credentials that can sign",
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_goes_wrong_is_told_and_nothing_is_sent(store, case):
    """Key, store and next step are named, no secret is, and the vendor was never asked."""
    url, changed, key, said = FAULTS[case]
    options = {k: v for k, v in {**store.options, **changed}.items() if v is not None}
    url = url or "s3://faces/in/here"
    # A create that was sent would fail otherwise: nobody listens at that address.
    given = {**VOLCENGINE, "assets_url": CLOSED, "settings": {"media_options": options}}
    with pk.connect("volcengine", media_host=url, **given) as client:
        with pytest.raises(MediaError) as caught:
            client.add_asset("group-20260318035710-abcde", PNG)
        shown = "".join(traceback.format_exception(caught.value)) + repr(client.provider)

    error = caught.value
    assert (key, "volcengine", "add_asset") == (error.field, error.provider, error.operation)
    assert url in str(error)
    assert said in str(error)
    assert "media_" in error.next_step
    for secret in (store.secret_key, store.access_key, "AKIA-another", "X-Amz"):
        assert secret not in shown
    assert [] == store.files()


def test_a_store_that_cannot_sign_is_given_no_file(monkeypatch):
    """Such as Azure with a token that is a signature itself; nothing goes over the network."""
    options = {"account_name": "me", "sas_key": "sv=2023&sig=abcdefgh", "endpoint": CLOSED}

    with pytest.raises(MediaError, match="could not presign a link: it has no credentials"):
        publish(host_of("az://faces", media_options=options))


# -- configuration ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"media_host": 5}, "media_host"),
        ({"media_host": "file:///srv/faces"}, "media_host"),
        ({"media_host": "https://faces.example"}, "media_host"),
        ({"media_host": "s3://"}, "media_host"),
        ({"media_host": "s3://AKIA:secret-0001@faces"}, "media_host"),
        ({"media_host": "s3://faces?sig=secret-0001"}, "media_host"),
        ({"media_folder": "x", "media_url": "https://a.example"}, "media_host"),
        ({"media_link_life_s": 0}, "media_link_life_s"),
        ({"media_link_life_s": 8 * 86_400}, "media_link_life_s"),
        ({"media_link_life_s": "long"}, "media_link_life_s"),
        ({"media_options": "secret-0001"}, "media_options"),
        ({"media_options": {"colour": "secret-0001"}}, "media_options"),
        ({"media_options": {"region": 5}}, "media_options.region"),
        ({"media_options": {"skip_signature": "secret-0001"}}, "media_options"),
        ({"media_options": {"account_key": "env:NOT_SET"}}, "media_options.account_key"),
        ({"media_options": {"endpoint": "http://s3.example"}}, "media_options.endpoint"),
        ({"media_options": {"endpoint": "https://u:secret-0001@a"}}, "media_options.endpoint"),
    ],
)
def test_what_no_media_host_can_be_made_of_is_told(settings, field):
    """The key is named, with a next step and without a value that may be secret."""
    with pytest.raises(ConfigError) as caught:
        host_of(**{"url": "s3://faces", "given": False, **_url(settings)})

    assert field == caught.value.field
    assert caught.value.next_step
    assert "secret-0001" not in str(caught.value)


def _url(settings):
    return {"url" if key == "media_host" else key: each for key, each in settings.items()}


def test_without_the_extra_the_error_says_how_to_install_it(monkeypatch):
    """When the profile is opened, and not in the middle of a call."""
    monkeypatch.setitem(sys.modules, "portraitkit.engine.object_store", None)

    with pytest.raises(ConfigError, match="not installed") as caught:
        host_of("s3://faces")

    assert "pip install 'portraitkit[media]'" == caught.value.next_step


def test_secrets_are_read_by_reference(store, monkeypatch, tmp_path):
    """As an `api_key` is; the explanation shows where they are, and no text shows one."""
    monkeypatch.setenv("STORE_SECRET", store.secret_key)
    (tmp_path / "key.txt").write_text(store.access_key)
    (tmp_path / "key.txt").chmod(0o600)
    path = tmp_path / "portraitkit.toml"
    path.write_text(
        f"""[profiles.volcengine]
        api_key = "env:STORE_SECRET"
        access_key = "env:STORE_SECRET"
        secret_key = "env:STORE_SECRET"
        media_host = "s3://faces/in/2026/here"
        media_options = {{ endpoint = "{store.endpoint}", access_key_id = "file:key.txt", \
secret_access_key = "env:STORE_SECRET" }}
        """
    )

    provider = build("volcengine", {}, config_file=path).provider

    assert PNG == httpx.get(publish(provider.media_host)).content
    shown = repr(provider) + pk.explain_config("volcengine", config=path)
    for open_part in ("s3://faces/in/2026/here", store.endpoint, "env:STORE_SECRET"):
        assert open_part in shown
    assert store.secret_key not in shown
    assert store.access_key not in shown


def test_a_secret_in_the_file_itself_warns():
    """Whatever the option is called that holds it."""
    options = {"access_key_id": "AKIA-not-real", "secret_access_key": "not-real"}

    with pytest.warns(UserWarning, match=r"media_options\.\w+: the secret itself stands"):
        assert host_of("s3://faces", given=False, media_options=options)


def test_what_the_profile_lacks_comes_from_the_environment(store, monkeypatch):
    """As the store's own tools read it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", store.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", store.secret_key)

    host = host_of(media_options={"endpoint": store.endpoint})

    assert PNG == httpx.get(publish(host)).content


@pytest.mark.parametrize(
    ("url", "options", "origin"),
    [
        ("s3://faces", {"region": "eu-west-1"}, "https://s3.eu-west-1.amazonaws.com"),
        ("s3://faces", {"endpoint": "https://1a.r2.cloudflarestorage.com", "region": "auto"}, None),
        (
            "s3://faces",
            {
                "endpoint": "https://faces.s3.oss-cn-hangzhou.aliyuncs.com",
                "virtual_hosted_style_request": True,
            },
            None,
        ),
        (
            "s3://faces",
            {
                "endpoint": "https://faces.tos-s3-cn-beijing.volces.com",
                "virtual_hosted_style_request": True,
            },
            None,
        ),
        ("az://faces", {"account_name": "me", "account_key": "a2V5"}, "https://me.blob.core"),
    ],
)
def test_links_lead_to_the_store_that_is_named(store, url, options, origin):
    """At each kind of store; signing needs no network."""
    import obstore

    keys = {} if url.startswith("az") else {"access_key_id": "a", "secret_access_key": "b"}
    host = host_of(url, media_options={**options, **keys})

    link = obstore.sign(host._store, "GET", "mia.png", host.link_life)

    assert link.startswith(origin or options["endpoint"])
    assert "s3" not in url or "X-Amz-Expires=86400" in link


def test_an_argument_replaces_the_profiles_host_and_serves_its_fallbacks(store, tmp_path):
    """A folder of the file is then nobody's; the file's options stay."""
    path = tmp_path / "portraitkit.toml"
    path.write_text(
        f"""[profiles.volcengine]
        media_folder = "x"
        media_url = "https://a.example"
        media_options = {{ endpoint = "{store.endpoint}" }}
        failover = ["spare"]
        [profiles.spare]
        provider = "alltoken"
        api_key = "file:key.txt"
        """
    )
    (tmp_path / "key.txt").write_text("sk-spare")
    (tmp_path / "key.txt").chmod(0o600)

    client = pk.connect("volcengine", config=path, media_host="s3://faces", **VOLCENGINE)

    hosts = {each.provider.media_host for each in client._router.routes.all}
    assert ["s3://faces"] == [each.url for each in hosts]
    client.close()


def test_a_test_that_rehearses_stores_nothing(store):
    """No credential is read, and no face leaves."""
    settings = {"media_host": "s3://faces", "media_options": {"access_key_id": "env:NOT_SET"}}

    with rehearsing(Rehearsal()):
        host = build("volcengine", settings).provider.media_host

    assert publish(host).startswith("https://media.invalid/")
    assert publish(host) == publish(host) != publish(host, PNG * 2)
    assert [] == store.files()
