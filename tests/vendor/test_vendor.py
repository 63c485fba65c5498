"""What every adapter builds on: ids and handles, answers, limits and pacing."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from json_cases import ANY_TEXT
from portraitkit.providers.alltoken import AllToken
from portraitkit.providers.token360 import Token360
from portraitkit.testing import answer, replay
from portraitkit.values.errors import (
    HandleError,
    PortraitError,
    UnexpectedResponseError,
    UnsupportedError,
)
from portraitkit.values.handles import Handle, fingerprint
from portraitkit.values.models import Asset, Failure, Group, Verification, VideoTask
from portraitkit.values.remarks import Finding
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import GroupKind
from portraitkit.vendor.answers import VendorAnswers, with_findings
from portraitkit.vendor.pacing import Pacing
from portraitkit.wire.steps import segment
from video_cases import vendor

PROVIDER = AllToken(api_key=Secret("sk-test-key"))
TOKEN360 = Token360(api_key=Secret("sk-test-key"))
WHERE = {"provider": "alltoken", "account": PROVIDER.account}
ASSET_ID = "asset-20260318035710-abcde"
GROUP_ID = "group-20260318035710-abcde"
OBJECTS = {
    "group": Group(id=GROUP_ID, **WHERE),
    "asset": Asset(id=ASSET_ID, **WHERE),
    "verification": Verification(id=None, ref="sealed", **WHERE),
    "video": VideoTask(id="vgen_1", **WHERE),
}
KINDS = tuple(OBJECTS)
every_kind = pytest.mark.parametrize("kind", KINDS)


def provider(name, **members):
    """An adapter with invented credentials."""
    cls = vendor(name)
    needed = {
        each.name: Secret(f"{each.name}-0123456789")
        for each in attrs.fields(cls)
        if each.default is attrs.NOTHING
    }
    return cls(**needed, **members)


# -- ids: what is taken ----------------------------------------------------------------------------


def test_an_asset_may_be_its_address():
    """`asset://…` is the id with a scheme; for other kinds it is no id."""
    assert PROVIDER.id_of("asset", f"asset://{ASSET_ID}") == ASSET_ID
    with pytest.raises(HandleError, match="cannot be a group's id"):
        PROVIDER.id_of("group", f"asset://{ASSET_ID}")


def test_a_handle_may_have_blanks_around_it():
    """A line out of a file is the handle."""
    assert PROVIDER.id_of("video", f" {OBJECTS['video'].handle}\n") == "vgen_1"


# -- ids: every confusion has a message of its own -------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "ref", "message"),
    [
        ("asset", "ua_01K2X3Y4Z5", "a generic upload's id"),
        ("asset", GROUP_ID, "a group's id"),
        ("asset", "assetgroup_1", "a group's id"),
        ("asset", "cgt-20260318035710-abcde", "a video task's id"),
        ("asset", "vgen_1", "a video task's id"),
        ("asset", "task_01K2X3", "a task's id"),
        ("asset", "10086", "a record number"),
        ("group", ASSET_ID, "form of assets, not of groups"),
        ("group", "vgen_1", "form of videos, not of groups"),
        ("video", GROUP_ID, "form of groups, not of videos"),
        ("video", ASSET_ID, "form of assets, not of videos"),
        ("group", "", "'' cannot be a group's id"),
        ("asset", "asset://", "'' cannot be a asset's id"),
        ("video", " ", "' ' cannot be"),
        ("video", "vgen 1", "cannot be a video's id"),
        ("video", "a/b", "cannot be a video's id"),
        ("video", "a\\b", "cannot be a video's id"),
        ("video", "..", "'..' cannot be a video's id"),
        ("video", ".", "cannot be a video's id"),
        ("video", "%2e%2e", "cannot be a video's id"),
        ("group", "a?b=c", "cannot be a group's id"),
        ("group", "a#b", "cannot be a group's id"),
        ("group", "a\nb", "cannot be a group's id"),
        ("group", "a\u200bb", "cannot be a group's id"),
        ("asset", "x" * 513, "cannot be a asset's id"),
        ("asset", None, "a NoneType is no asset, handle or id"),
        ("asset", 10086, "a int is no asset, handle or id"),
        ("asset", OBJECTS["group"], "this is a Group, not a asset"),
        ("group", OBJECTS["asset"], "this is a Asset, not a group"),
        ("video", OBJECTS["verification"], "this is a Verification, not a video"),
        ("group", OBJECTS["asset"].handle, "this handle names a asset, not a group"),
        ("video", OBJECTS["group"].handle, "this handle names a group, not a video"),
        ("asset", OBJECTS["asset"].handle + "x", "altered"),
        ("asset", OBJECTS["asset"].handle[:-9], "altered|part of it is missing"),
        ("asset", "pk1:", "part of it is missing"),
        ("asset", attrs.evolve(OBJECTS["asset"], id=None), "never created"),
        ("asset", attrs.evolve(OBJECTS["asset"], id=""), "never created"),
    ],
)
def test_a_wrong_id_says_what_it_is(kind, ref, message):
    """Whatever is taken for an id by mistake is named before anything is sent."""
    with pytest.raises(HandleError, match=message) as caught:
        PROVIDER.id_of(kind, ref)
    assert caught.value.field in (kind, "")
    assert caught.value.next_step or "never created" == message


@every_kind
def test_what_belongs_to_another_account_is_refused(kind):
    """An object or handle of another account says so, and what to do."""
    other = attrs.evolve(OBJECTS[kind], account="another")

    for ref in (other, other.handle):
        with pytest.raises(
            HandleError, match=f"this {kind} belongs to another account at alltoken"
        ):
            PROVIDER.id_of(kind, ref)


@every_kind
def test_what_belongs_to_another_vendor_is_refused(kind):
    """A task is never asked for at a vendor that did not make it."""
    for ref in (OBJECTS[kind], OBJECTS[kind].handle):
        with pytest.raises(HandleError, match=f"this {kind} belongs to alltoken, and the active"):
            TOKEN360.id_of(kind, ref)


def test_another_vendors_form_of_id_is_refused():
    """Where a vendor's assets begin alike, another vendor's id is told by its beginning."""
    with pytest.raises(HandleError, match="does not begin with 'ta_'"):
        TOKEN360.id_of("asset", "asset-1")


def test_a_bad_token_is_not_shown():
    """A face check's bare id is the vendor's token, which no message may show."""
    with pytest.raises(HandleError, match="this cannot be a verification's id") as caught:
        PROVIDER.id_of("verification", "20260318 TOKEN")
    assert "TOKEN" not in str(caught.value)


@given(st.sampled_from(KINDS), ANY_TEXT | st.text("asetgroupvn_-:/.%0123456789", max_size=30))
@example("video", "pk1:alltoken:x:video:y:zzzzz")
def test_any_text_is_an_id_or_a_handle_error(kind, text):
    """An id that is taken can stand in a URL's path and means only itself there."""
    try:
        found = PROVIDER.id_of(kind, text)
    except HandleError:
        return

    assert found
    assert not set(found) & set("/?#%\\ \t\r\n")
    assert found not in (".", "..")


class Slashed(AllToken):
    """A vendor whose ids name a model."""

    slashes_in_ids = True


@given(st.sampled_from(KINDS), st.text("ab./|%", max_size=12))
@example("video", "films/seedance-2.0|3f2a")
def test_an_id_may_hold_slashes_where_the_vendors_do(kind, text):
    """It is taken as it is, unless a part of it would lead a path elsewhere."""
    vendor = Slashed(api_key=PROVIDER.api_key)
    leads_elsewhere = {"", ".", ".."} & {*text.split("/")} or "%" in text

    try:
        found = vendor.id_of(kind, text)
    except HandleError:
        assert leads_elsewhere or kind == "asset"
        return

    assert not leads_elsewhere
    assert text == found
    assert 1 == len(segment(found).split("/"))


# -- accounts --------------------------------------------------------------------------------------


def test_an_account_is_a_fingerprint_of_its_credentials():
    """Handles name the account without its key; equal keys at two vendors are two accounts."""
    assert PROVIDER.account == fingerprint("alltoken", "sk-test-key")
    assert TOKEN360.account != PROVIDER.account
    assert AllToken(api_key=Secret("sk-other")).account != PROVIDER.account


def test_a_named_account_outlives_its_keys():
    """With a name in the profile, handles made before a change of keys stay good."""
    before = AllToken(api_key=Secret("sk-old"), account_name="team: a")
    after = AllToken(api_key=Secret("sk-new"), account_name="team: a")
    handle = str(Handle("alltoken", before.account, "video", "vgen_1"))

    assert after.id_of("video", handle) == "vgen_1"


def test_a_sealed_token_opens_for_the_same_account_only():
    """Another key cannot open what this account sealed."""
    sealed = PROVIDER.seal("20260318TOKEN")

    assert PROVIDER.unseal(sealed) == "20260318TOKEN"
    with pytest.raises(HandleError):
        AllToken(api_key=Secret("sk-other")).unseal(sealed)


# -- answers ---------------------------------------------------------------------------------------

POST = PROVIDER.video_request({"model": "seedance-2.0", "prompt": "x"})
GET = attrs.evolve(
    POST, method="GET", url=f"{POST.url}/vgen_1", content=b"", headers={}, repeatable=True
)


def test_an_answer_is_decoded_with_its_request_id():
    """Asking gives the JSON, the response, and what to keep of it; a refusal has its id, too."""
    headers = {"x-request-id": "req-1"}
    done = replay(PROVIDER.ask(GET), [answer({"a": 1}, headers=headers)])
    with pytest.raises(PortraitError) as caught:
        replay(PROVIDER.ask(GET), [answer({"error": {}}, 500, headers=headers)])

    assert (done.result.data, done.result.request_id) == ({"a": 1}, "req-1")
    assert (done.result.raw.status, done.result.raw.request_id) == (200, "req-1")
    assert "req-1" == caught.value.request_id


@pytest.mark.parametrize("body", [b"", b" \n"])
def test_an_empty_answer_is_an_empty_object_where_nothing_has_to_come(body):
    """A deletion may be answered with nothing, and 204 says that there is nothing."""
    silent = attrs.evolve(GET, silent=True)

    assert replay(PROVIDER.ask(silent), [answer(body)]).result.data == {}
    assert replay(PROVIDER.ask(GET), [answer(body, 204)]).result.data == {}


@pytest.mark.parametrize(
    ("body", "seen"), [(b"", "is empty"), ([], "a JSON list"), ("text", "text/html"), (b"7", "int")]
)
def test_a_success_is_an_object(body, seen):
    """What is no object is said, and never made a list without rows."""
    with pytest.raises(UnexpectedResponseError, match=seen):
        replay(PROVIDER.ask(GET), [answer(body)])


def test_a_result_knows_vendor_account_and_answer():
    """What is read has its vendor and account; a part of the answer may hold the members."""
    found = replay(PROVIDER.ask(GET), [answer({"Result": {"Id": GROUP_ID}})]).result
    group = PROVIDER.read(Group, found, found.data["Result"], name="Mia")

    assert (group.provider, group.account, group.name) == ("alltoken", PROVIDER.account, "Mia")
    assert group.raw.status == 200
    with pytest.raises(UnexpectedResponseError, match="lacks Id or GroupId"):
        PROVIDER.read(Group, found)


ECHO = "sk-test-key of 20260318abcdef0123456789"


def test_what_a_vendor_echoes_is_hidden_in_its_words():
    """Keys and tokens in a status word or a failure's text do not get onto a result."""
    token = Secret("20260318abcdef0123456789")
    failure = Failure(code="NotFound.20260318abcdef0123456789", message=ECHO)
    task = VideoTask(id="1", status_word=ECHO, ratio="16:9", failure=failure, **WHERE)
    found = PROVIDER.cleaned(task, (token,))

    shown = f"{found.status_word} {found.failure.code} {found.failure.message}"
    assert ("test-key" in shown, "20260318abcdef" in shown) == (False, False)
    assert found.ratio == "16:9"


def test_words_without_an_echo_are_left_alone():
    """A result with ordinary words, or with an error of ours, is the same one."""
    group = OBJECTS["group"]
    failed = attrs.evolve(OBJECTS["asset"], failure=Failure(message="x", error=PortraitError("no")))

    assert PROVIDER.cleaned(group) is group
    assert PROVIDER.cleaned(failed) is failed
    assert PROVIDER.clean("no such group") == "no such group"


# -- limits and pacing -----------------------------------------------------------------------------

FINDING = Finding(field="name", found=51, limit=50, message="too long", source="a guide")


@pytest.mark.parametrize("kind", [GroupKind.REAL_PERSON, GroupKind.UNKNOWN])
def test_a_real_persons_group_is_not_created(kind):
    """It comes from a face check: the error says which call to make."""
    with pytest.raises(UnsupportedError, match="verified") as caught:
        PROVIDER.check_group("Ann", kind)
    assert "start_verification" in caught.value.next_step


def test_findings_are_put_on_a_result(caplog):
    """Findings of several checks add up, each logged; none leave the result as it is."""
    group = OBJECTS["group"]

    def flow(*found):
        return with_findings(replay_of(group), found, PROVIDER)

    def replay_of(result):
        yield from ()
        return result

    assert replay(flow(), []).result is group
    twice = with_findings(flow(FINDING), (FINDING,), PROVIDER)
    assert replay(twice, []).result.findings == (FINDING,) * 2
    assert [f"{PROVIDER.name}: {FINDING.message}"] * 2 == caplog.messages


def test_the_profiles_pacing_wins_over_the_adapters():
    """A profile's pacing, else the adapter's, else the library's."""
    mine = Pacing(first_s=1)
    paced = attrs.evolve(PROVIDER, pacing={"video": mine})

    assert paced.pace("video") == mine
    assert paced.pace("asset") == AllToken.default_pacing["asset"]
    assert vendor("apiyi")  # its face check is done by hand, so that nobody waits for it
    assert provider("apiyi").pace("verification") == Pacing()


def test_the_base_alone_is_no_vendor():
    """An adapter has to say identity, origins, credentials and refusals."""
    with pytest.raises(TypeError, match="abstract"):
        VendorAnswers()
    assert VendorAnswers.__abstractmethods__ == {"authorize", "fault", "identity", "origins"}
