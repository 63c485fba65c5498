"""Portraits by name at every vendor: registered once, whatever happens, and gone when erased."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import portraitkit as pk
from portraitkit.client.client import Client
from portraitkit.portraits.bindings import Consent, today
from portraitkit.portraits.ledger import FileLedger, MemoryLedger
from portraitkit.portraits.planning import Plan, read_declaration
from portraitkit.portraits.resolving import resolve
from portraitkit.testing import SimulatorTransport, VirtualTime
from portraitkit.values import errors
from portraitkit.values.statuses import AssetStatus, GroupKind
from vendors import ACCOUNT, FACE, KEYS, judged, provider_of

LISTED = [way for way in KEYS if way not in ("apimart", "xcompute")]
"""Where a lost create can be looked for."""
CONSENT = Consent(person="Ann Lee", purpose="advertising", given_on=date(2026, 1, 2))


FULL = FACE + b"\0"
"""Another picture, to whoever compares bytes."""
BACK = "https://app.example/back"
LOOKS = {"front": FACE, "full": FULL}


class Host:
    """A media host that vendors of this process fetch nothing from."""

    def publish(self, content: bytes, *, filename: str, content_type: str) -> str:
        del filename, content_type
        return f"https://media.example/{hash(content)}.jpg"


class KilledError(BaseException):
    """The process ends here."""


class Killing:
    """Ends the process at a request of some number, before or after it was carried out."""

    def __init__(self, inner, at, when="after"):
        self.inner, self.at, self.when, self.sent = inner, at, when, 0

    def send(self, request):
        self.sent += 1
        if (self.sent, self.when) == (self.at, "before"):
            raise KilledError
        answer = self.inner.send(request)
        if self.sent == self.at:
            raise KilledError
        return answer

    def close(self):
        pass


@pytest.fixture(params=KEYS)
def way(request):
    return request.param


def at(way, vendor, ledger, **kill):
    """A client of a simulated vendor, with a ledger."""
    provider = evolve(provider_of(way, name_tokens=True), media_host=Host())
    transport = Killing(SimulatorTransport(vendor), **{"at": 0, **kill})
    clock = VirtualTime(vendor.world.clock).clock
    return Client(provider, transport=transport, clock=clock, ledger=ledger)


def made(vendor):
    """How many groups and assets the vendor has."""
    return len(vendor.world.groups), len(vendor.world.assets)


def test_what_is_there_is_not_registered_again(way):
    """The same bytes are one asset in an account: asked again, and under another name."""
    vendor, ledger = judged(way), MemoryLedger()
    client = at(way, vendor, ledger)
    mia = client.ensure_portrait("mia", LOOKS)
    before, sent = made(vendor), client._transport.sent

    assert mia == client.ensure_portrait("mia", LOOKS) == client.portrait("mia")
    client.ensure_portrait("leo", FACE)
    assert (1, 2) == before == made(vendor)
    assert sent == client._transport.sent, "what the ledger knows needs no request"


def test_one_program_makes_the_video_at_every_vendor(way):
    """A portrait's name stands in the request; each account's own asset is sent."""
    vendor = judged(way)
    client = at(way, vendor, MemoryLedger())
    client.ensure_portrait("mia", LOOKS)
    media = pk.References(
        images={"mia": pk.Portrait("mia.front"), "whole": pk.Portrait("mia.full")}
    )
    request = pk.VideoRequest(prompt="{mia} and {whole} dance", media=media)
    task = client.create_video(request)

    assert pk.VideoStatus.SUCCEEDED is client.wait_for_video(task).status
    assert str(client.preview_video(request).body).count("asset") >= 2


@pytest.mark.matrix
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_request_and_applied_again_there_is_one_of_each(way, when, tmp_path):
    """A process may end before or after any request was carried out: nothing is made twice."""
    (tmp_path / "mia.jpg").write_bytes(FACE)
    (tmp_path / "full.jpg").write_bytes(FULL)
    (tmp_path / "portraits.toml").write_text(
        '[portraits.mia]\nfiles = { front = "mia.jpg", full = "full.jpg" }\n'
    )
    declared = read_declaration(tmp_path / "portraits.toml")
    kill_at, unsure = 0, 0
    while True:
        kill_at += 1
        vendor = judged(way)
        ledger = FileLedger(tmp_path / f"{kill_at}.lock")
        client = at(way, vendor, ledger, at=kill_at, when=when)
        try:
            client.apply_portraits(client.plan_portraits(declared))
        except KilledError:
            pass
        else:
            break
        client = at(way, vendor, ledger)
        plan = client.plan_portraits(declared)
        client.apply_portraits(plan)
        if "unsure" in {each.action for each in plan.steps}:
            assert way not in LISTED
            with pytest.raises(errors.OutcomeUnknownError, match="mia.f") as caught:
                client.ensure_portrait("mia", LOOKS)
            assert "adopt_portrait" in caught.value.next_step
            unsure += 1
        else:
            assert (1, 2) == made(vendor), f"killed after request {kill_at}"
            assert client.plan_portraits(declared).steps[0].action == "keep"
        assert made(vendor) <= (1, 2)
    assert kill_at > 3
    assert (unsure > 0) is (way not in LISTED)


def test_a_changed_file_is_told_and_replaced_when_asked(way):
    """Bytes that differ from those under a name are never taken for them."""
    vendor = judged(way)
    client = at(way, vendor, MemoryLedger())
    client.ensure_portrait("mia", {"front": FACE})
    with pytest.raises(errors.PortraitChangedError, match="mia.front"):
        client.ensure_portrait("mia", {"front": FULL})

    assert (1, 1) == made(vendor)
    client.ensure_portrait("mia", {"front": FULL}, replace=True)
    assert (1, 2) == made(vendor)


@pytest.mark.parametrize("way", LISTED)
def test_a_replaced_asset_is_never_taken_for_a_lost_one_and_is_erased_too(way):
    """It stays known: what a crash left is looked for beside it, and erasing leaves neither."""
    vendor, ledger = judged(way), MemoryLedger()
    client = at(way, vendor, ledger)
    client.ensure_portrait("mia", {"front": FACE})
    client.ensure_portrait("mia", {"front": FULL}, replace=True)
    third = FACE + b"\2"
    with pytest.raises(KilledError):
        at(way, vendor, ledger, at=1, when="before").ensure_portrait("mia", {"side": third})
    at(way, vendor, ledger).ensure_portrait("mia", {"side": third})

    assert (1, 3) == made(vendor)
    (binding,) = ledger.bindings()
    assert 3 == len({each.asset for each in binding.everything})
    receipt = client.erase_portrait("mia")
    assert {each.asset for each in binding.everything} <= {e.handle for e in receipt.items}
    if client.supports("delete_asset"):
        assert 0 == len(vendor.world.assets)


def test_what_was_deleted_at_the_vendor_is_seen_and_registered_anew():
    """Somebody deletes an asset in the console: the ledger learns it, and registers it again."""
    vendor, ledger = judged("alltoken"), MemoryLedger()
    client = at("alltoken", vendor, ledger)
    client.ensure_portrait("mia", LOOKS)
    client.delete_asset(ledger.bindings()[0].looks["front"].asset)

    assert [None, AssetStatus.ACTIVE] == [each.status for each in client.check_portraits()]
    with pytest.raises(errors.PortraitNotRegisteredError, match="apply mia"):
        client.preview_video(asking("mia.front"))
    client.ensure_portrait("mia", LOOKS)
    assert client.preview_video(asking("mia.front"))


def asking(name):
    """A video of one portrait."""
    media = pk.References(images=[pk.Portrait(name)])
    return pk.VideoRequest(prompt="she waves", media=media)


@pytest.mark.parametrize(
    ("name", "error", "then"),
    [
        ("nobody", errors.UnknownPortraitError, "ensure_portrait"),
        ("mai", errors.UnknownPortraitError, "did you mean 'mia'?"),
        ("mia", errors.UnknownPortraitError, "mia.front, mia.full"),
        ("mia.side", errors.PortraitNotRegisteredError, "mia.front, mia.full"),
        ("leo", errors.PortraitNotRegisteredError, "portraits apply leo"),
        ("old", errors.ConsentRequiredError, "consent anew"),
    ],
)
def test_a_name_that_cannot_be_used_says_what_to_do(name, error, then):
    """Unknown, several looks, not here, consent over: each is an error with its next step."""
    ledger, vendor = MemoryLedger(), judged("alltoken")
    client = at("alltoken", vendor, ledger)
    client.ensure_portrait("mia", LOOKS)
    at("token360", judged("token360"), ledger).ensure_portrait("leo", FACE)
    person(client, vendor, "old", evolve(CONSENT, until=date(2026, 1, 3)))

    with pytest.raises(error) as caught:
        client.create_video(asking(name))
    assert then in caught.value.next_step
    assert 0 == vendor.world.billed[ACCOUNT.name, "video"]


def person(client, vendor, name, consent=CONSENT):
    """Register a real person, who passes the face check."""
    if client.supports("start_verification"):
        check = client.start_verification(name, callback_url=BACK)
        group = client.wait_until_verified(check)
    else:
        group = client.get_group(vendor.verify_in_console(ACCOUNT, name).id)
    client.adopt_portrait(name, group=group, consent=evolve(consent, until=None))
    client.ensure_portrait(name, FACE, kind=GroupKind.REAL_PERSON)
    client.adopt_portrait(name, consent=consent)


def test_a_real_person_needs_consent_and_stays_where_it_was_given(way):
    """Without a face check at this account nothing is registered; no other account is used."""
    vendor, ledger = judged(way), MemoryLedger()
    client = at(way, vendor, ledger)
    with pytest.raises(errors.ConsentRequiredError, match="Ann"):
        client.ensure_portrait("Ann", FACE, kind=GroupKind.REAL_PERSON)
    assert (0, 0) == made(vendor)

    client.ensure_portrait("figure", FACE)
    person(client, vendor, "Ann")
    assert 2 == len(vendor.world.assets), "a person's picture is never a figure's"
    assert client.preview_video(asking("Ann"))
    assert "Ann Lee" in str(ledger.bindings("Ann")[0].to_dict())


@pytest.mark.parametrize("consent", [CONSENT, None])
def test_a_figure_is_never_made_a_person_nor_a_person_a_figure(consent):
    """One name is one face: adopting the other kind under it is refused, and changes nothing."""
    vendor, ledger = judged("alltoken"), MemoryLedger()
    client = at("alltoken", vendor, ledger)
    if consent:
        client.ensure_portrait("mia", FACE)
        group = client.wait_until_verified(client.start_verification("x", callback_url=BACK))
    else:
        person(client, vendor, "mia")
        group = client.create_group("figure")
    before = ledger.bindings()

    with pytest.raises(errors.InvalidInputError, match="is a (virtual|real person)'s here"):
        client.adopt_portrait("mia", group=group, consent=consent)
    assert before == ledger.bindings()


def test_a_group_whose_kind_nobody_tells_moves_nowhere():
    """Adopted by a bare id where the vendor reads no group: it may be a person's."""
    ledger, vendor = MemoryLedger(), judged("icover")
    client = at("icover", vendor, ledger)
    group = client.create_group("made before")
    client.adopt_portrait("mia", group=group.id)
    client.ensure_portrait("mia", FACE)

    assert [GroupKind.UNKNOWN] == [each.kind for each in ledger.bindings()]
    owners = [client.provider.account, "elsewhere"]
    elsewhere = evolve(ledger.bindings()[0], account="elsewhere")
    ledger.change(elsewhere.key, lambda _: elsewhere)
    sent = resolve(ledger, asking("mia"), [("apiyi", each) for each in owners])
    assert 1 == len(sent.media.images[0].source.assets)


def test_erasing_ends_in_a_receipt_that_tells_the_truth(way):
    """Gone is what was looked for and not found; what no API deletes is left to a person."""
    vendor, ledger = judged(way), MemoryLedger()
    client = at(way, vendor, ledger)
    person(client, vendor, "Ann")
    receipt = client.erase_portrait("Ann")

    deletes = bool(client.supports("delete_asset") and client.supports("delete_group"))
    assert receipt.is_complete is deletes
    if deletes:
        assert (0, 0) == made(vendor)
    if not receipt.is_complete:
        assert {"by hand"} == {each.outcome for each in receipt.items if not each.is_over}
        with pytest.raises(errors.PortraitNotRegisteredError, match="being erased"):
            client.create_video(asking("Ann"))
        assert client.erase_portrait("Ann", by_hand=True).is_complete
    assert [] == ledger.bindings()
    assert "Ann Lee" not in str(receipt.to_dict())


def test_what_two_portraits_share_goes_with_the_last():
    """Erasing one keeps what the other uses; erasing that leaves nothing."""
    vendor, ledger = judged("volcengine"), MemoryLedger()
    client = at("volcengine", vendor, ledger)
    client.ensure_portrait("mia", FACE)
    client.ensure_portrait("leo", FACE)

    assert {"kept"} == {each.outcome for each in client.erase_portrait("mia").items}
    assert client.preview_video(asking("leo"))
    assert client.erase_portrait("leo").is_complete
    assert (0, 0) == made(vendor)


@pytest.mark.parametrize("lost", range(1, 5))
def test_erasing_with_a_fault_in_any_call_is_told_and_tried_again(lost):
    """A request without an answer is no proof; the next call finishes it."""

    class Failing(Killing):
        def send(self, request):
            self.sent += 1
            if self.sent == self.at:
                raise errors.ConnectionFailedError("the line is dead")
            return self.inner.send(request)

    vendor, ledger = judged("alltoken"), MemoryLedger()
    client = at("alltoken", vendor, ledger)
    client.ensure_portrait("mia", FACE)
    transport = Failing(SimulatorTransport(vendor), lost)
    clock = VirtualTime(vendor.world.clock).clock
    budget = pk.Budget(attempts=1)
    client = Client(client.provider, transport=transport, clock=clock, ledger=ledger, budget=budget)
    first = client.erase_portrait("mia")
    assert first.is_complete <= (made(vendor) == (0, 0))
    assert client.erase_portrait("mia").is_complete
    assert ([], (0, 0)) == (ledger.bindings(), made(vendor))


def test_a_plan_is_data_and_a_stale_one_is_refused(tmp_path):
    """Written down and read back it is the same; once the ledger moved on, it does nothing."""
    (tmp_path / "a.jpg").write_bytes(FACE)
    (tmp_path / "portraits.toml").write_text('[portraits.mia]\nfiles = "a.jpg"\n')
    declared = read_declaration(tmp_path / "portraits.toml")
    vendor = judged("token360")
    client = at("token360", vendor, MemoryLedger())
    plan = client.plan_portraits(declared)

    assert plan == Plan.from_dict(plan.to_dict())
    (tmp_path / "a.jpg").write_bytes(FULL)
    with pytest.raises(errors.StalePlanError, match="mia.main has changed"):
        client.apply_portraits(plan)
    (tmp_path / "a.jpg").write_bytes(FACE)
    client.apply_portraits(plan)
    with pytest.raises(errors.StalePlanError, match="ledger has changed"):
        client.apply_portraits(plan)
    with pytest.raises(errors.StalePlanError, match="it is for token360"):
        at("alltoken", judged("alltoken"), MemoryLedger()).apply_portraits(plan)
    assert (1, 1) == made(vendor)


def test_a_figures_group_is_no_persons_whatever_consent_is_given():
    """Nobody passed a face check for it: it is refused, and the ledger stays empty."""
    vendor, ledger = judged("alltoken"), MemoryLedger()
    client = at("alltoken", vendor, ledger)
    with pytest.raises(errors.InvalidInputError, match="nobody passed a face check"):
        client.adopt_portrait("Ann", group=client.create_group("Ann"), consent=CONSENT)
    assert [] == ledger.bindings()


def test_more_looks_than_a_group_takes_are_told_before(tmp_path):
    """The fifty-first is refused in the plan, and nothing of that portrait is half registered."""
    lines = []
    for number in range(51):
        (tmp_path / f"{number}.jpg").write_bytes(FACE + str(number).encode())
        lines.append(f'n{number} = "{number}.jpg"\n')
    (tmp_path / "portraits.toml").write_text(f"[portraits.mia.files]\n{''.join(lines)}")
    plan = at("alltoken", judged("alltoken"), MemoryLedger()).plan_portraits(
        read_declaration(tmp_path / "portraits.toml")
    )

    assert {"refused"} == {each.action for each in plan.steps}
    assert "a group takes 50 assets" in plan.steps[0].why


def test_a_full_account_is_told_before_and_room_is_made_only_when_asked(tmp_path):
    """The plan names a figure that is neither declared nor used today; nothing goes by itself."""
    (tmp_path / "a.jpg").write_bytes(FULL)
    (tmp_path / "portraits.toml").write_text('[portraits.new]\nfiles = "a.jpg"\n')
    declared = read_declaration(tmp_path / "portraits.toml")
    vendor, ledger = judged("alltoken"), MemoryLedger()
    client = at("alltoken", vendor, ledger)
    client.ensure_portrait("old", FACE)
    client.ensure_portrait("running", FACE + b"\1")
    client.create_video(asking("running"))
    for number in range(48):
        client.create_group(f"by hand {number}")
    plan = client.plan_portraits(declared)

    assert ("old",) == plan.release
    assert plan.is_blocked
    with pytest.raises(errors.QuotaExceededError):
        client.apply_portraits(plan)
    used = partial(evolve, used_on=today())
    old = ledger.change(ledger.bindings("old")[0].key, used)
    with pytest.raises(errors.StalePlanError, match="ledger has changed"):
        client.apply_portraits(plan, release=True)  # a video may need it by now
    ledger.change(old.key, partial(evolve, used_on=None))
    client.apply_portraits(client.plan_portraits(declared), release=True)
    assert ["new", "running"] == [each.portrait for each in ledger.bindings()]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no .portraits.NAME."),
        ("[portraits.mia]\n", "mia. is not understood"),
        ('[portraits.mia]\nfiles = "a"\nkind = "robot"', "mia. is not understood"),
        ('[portraits."a b"]\nfiles = "a"', "'a b' cannot name"),
        ('[portraits.mia]\nfiles = "https://h.example/a?sig=1"', "signed link"),
        ("[portraits", "cannot be read"),
        ('[portraits.mia]\nfiles = "a"\n[other]\nx = 1', "'other'"),
    ],
)
def test_a_declaration_that_says_what_nobody_reads_is_refused(tmp_path, text, problem):
    """Each mistake names the file and what to write."""
    (tmp_path / "portraits.toml").write_text(text)
    with pytest.raises(errors.ConfigError, match=problem):
        read_declaration(tmp_path / "portraits.toml")


GOLDEN = Path(__file__).with_name("plans.txt")
CAST = """
[portraits.mia]
files = { front = "mia.jpg", full = "full.jpg" }
[portraits.a-name-that-is-longer-than-the-fifty-characters-of-a-vendor]
files = "full.jpg"
[portraits.Ann]
kind = "real person"
files = "full.jpg"
[portraits.clip]
files = "small.png"
"""


@pytest.fixture
def cast(tmp_path):
    (tmp_path / "mia.jpg").write_bytes(FACE)
    (tmp_path / "full.jpg").write_bytes(FULL)
    (tmp_path / "small.png").write_bytes(_SMALL)
    (tmp_path / "portraits.toml").write_text(CAST)
    return read_declaration(tmp_path / "portraits.toml")


def test_plans_from_any_vendor_to_any_other(cast):
    """What another account has changes nothing here, least of all consent; see plans.txt."""
    plans = {
        target: at(target, judged(target), MemoryLedger()).plan_portraits(cast) for target in KEYS
    }
    for source in KEYS:
        ledger, vendor = MemoryLedger(), judged(source)
        client = at(source, vendor, ledger)
        person(client, vendor, "Ann")
        client.apply_portraits(client.plan_portraits(cast))
        for target in KEYS:
            if target != source:
                assert plans[target] == at(target, judged(target), ledger).plan_portraits(cast)

    assert GOLDEN.read_text(encoding="utf-8") == "\n\n".join(map(str, plans.values())) + "\n"


_SMALL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0"
    "000003010100c9fe92ef0000000049454e44ae426082"
)
_ACTS = st.sampled_from(["ensure mia", "ensure leo", "delete", "erase mia", "check", "rename"])


@settings(max_examples=40)
@given(
    acts=st.lists(_ACTS, max_size=8), way=st.sampled_from(["alltoken", "token360", "volcengine"])
)
def test_ledger_and_vendor_agree_after_any_interleaving(acts, way):
    """Whatever was done here and in the console: after a check, what the ledger has is there."""
    vendor, ledger = judged(way), MemoryLedger()
    client = at(way, vendor, ledger)
    for act in acts:
        word, _, name = act.partition(" ")
        assets = sorted({each.asset for it in ledger.bindings() for each in it.looks.values()})
        if word == "ensure":
            client.ensure_portrait(name, {"front": FACE if name == "mia" else FULL})
        elif word == "erase":
            client.erase_portrait(name)
        elif word == "check":
            client.check_portraits()
        elif assets and word == "delete":
            with suppress(errors.NotFoundError, errors.PermissionDeniedError):
                client.delete_asset(assets[0])
        elif assets and word == "rename" and client.supports("rename_asset"):
            with suppress(errors.NotFoundError, errors.PermissionDeniedError):
                client.rename_asset(assets[0], "other")
    client.check_portraits()

    for binding in ledger.bindings():
        for look in binding.looks.values():
            assert AssetStatus.ACTIVE is client.get_asset(look.asset).status
