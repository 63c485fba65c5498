"""The command, as a process and in this one: data on stdout, words on stderr, an exit code."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from typer.testing import CliRunner

import portraitkit as pk
from portraitkit.cli.app import app
from portraitkit.cli.output import EXIT_CODES, exit_code
from portraitkit.cli.verify_page import VerifyPage
from portraitkit.config import simulating
from portraitkit.providers.registry import provider_class
from portraitkit.simulators.state import never, scans_after
from portraitkit.values import errors

T = TypeVar("T")
FAST = 200.0
# A shell lets what it starts in the background ignore interrupts, and Python keeps to that.
INTERRUPTIBLE = """import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("portraitkit", run_name="__main__")
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a picture, and a configuration whose vendors are simulated."""
    monkeypatch.chdir(tmp_path)
    simulating._simulation.cache_clear()  # an account without what other tests made
    face = files("portraitkit.simulators").joinpath("data", "face.jpg").read_bytes()
    (tmp_path / "mia.jpg").write_bytes(face)
    names = ("alltoken", "token360", "volcengine", "xcompute")
    profiles = "".join(
        f'[profiles.{name}]\nsimulated = {FAST}\ncallback_url = "https://app.example/back"\n'
        for name in names
    )
    text = f'profile = "alltoken"\n{profiles}'
    (tmp_path / "portraitkit.toml").write_text(text, encoding="utf-8")
    return tmp_path


def run(*words: str, code: int = 0, data: str | None = None) -> tuple[str, str]:
    """Run a command in this process; give what it wrote to stdout and to stderr."""
    result = CliRunner().invoke(app, list(words), input=data)
    assert result.exit_code == code, (result.output, result.exception)
    return result.stdout, result.stderr


def data(*words: str) -> object:
    """What a command writes with `--json`."""
    return json.loads(run("--json", *words)[0])


@pytest.mark.parametrize("vendor", ["alltoken", "token360", "volcengine"])
def test_a_portrait_and_a_video_from_the_command_line(vendor: str, folder: Path) -> None:
    at = ("--profile", vendor)
    group = data(*at, "group", "create", "Mia")
    asset = data(*at, "asset", "add", "mia.jpg", "--group", "Mia", "--wait")
    assert (asset["status"], asset["name"]) == ("active", "" if vendor == "alltoken" else "mia")
    assert [each["handle"] for each in data(*at, "group", "list")] == [group["handle"]]
    ref = f"mia={asset['handle']}"
    out, words = run(*at, "video", "make", "{mia} waves", "--ref", ref, "--out", "mia.mp4", "--yes")
    assert out.startswith("video succeeded pk1:")
    assert "created: pk1:" in words
    assert (folder / "mia.mp4").read_bytes()[4:8] == b"ftyp"
    handle = out.split()[-1]
    assert data(*at, "video", "show", handle)["status"] == "succeeded"
    out, _ = run(*at, "video", "download", handle, "again.mp4")
    assert Path(out.strip()).exists()
    run(*at, "group", "delete", "Mia", "--yes")
    assert data(*at, "group", "list") == []


def test_jobs_are_found_and_finished_in_a_file_and_in_a_database(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database by where its URL is; a journal that is not there is not made."""
    monkeypatch.setenv("JOURNAL_URL", new_database())
    with pk.connect("alltoken") as client:
        provider = client.provider
        task = client.create_video(pk.VideoRequest(prompt="a smile", duration_s=5))
    place_of = {"provider": provider.name, "account": provider.account, "profile": "alltoken"}
    begun = {"operation": "create_video", "arguments": {}, **place_of}
    for place in ("jobs.db", "env:JOURNAL_URL"):
        journal = pk.Journal(place if place == "jobs.db" else os.environ["JOURNAL_URL"])
        rows = [("job", "begun", "", begun), ("job", "known", task.handle, {})]
        journal.add(99, rows, flushed=True)  # somebody who is gone

        assert task.handle in run("jobs", place)[0]
        assert task.handle in run("--profile", "alltoken", "resume", place)[0]
        assert task.handle not in run("jobs", place)[0]
    for place in ("other.db", os.environ["JOURNAL_URL"]):
        _ = run("jobs", place, code=2)
    assert not Path("other.db").exists()


def test_several_files_go_up_together_and_one_that_is_missing_is_told() -> None:
    run("group", "create", "Mia")
    out, words = run("asset", "add", "mia.jpg", "none.jpg", "--group", "Mia", "--wait", code=5)
    assert "asset active" in out
    assert "cannot read 'none.jpg'" in words


@pytest.mark.parametrize("vendor", ["alltoken", "token360", "volcengine"])
@pytest.mark.parametrize(
    "words",
    [
        ("asset", "add", "mia.jpg", "--group"),
        ("asset", "list", "--group"),
        ("group", "show"),
        ("group", "rename", "--", "{}", "Ann"),
        ("group", "delete", "--yes"),
    ],
)
@pytest.mark.parametrize("name", ["Mia", "mia's 2", "Mia2", "美雅"])
def test_a_name_that_no_group_has_is_told_with_how_to_make_one(
    vendor: str, words: tuple[str, ...], name: str
) -> None:
    """Nothing is asked of a group that is not there: the vendor would speak of access."""
    given = [each.format(name) for each in words] if "{}" in words else [*words, name]
    _, told = run("--profile", vendor, *given, code=4)

    assert f"no group is called {name!r}" in told
    assert f"Next: portraitkit group create {shlex.quote(name)}" in told


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--profile", "nobody", "group", "list"), 2, "has no profile 'nobody'"),
        (("asset", "add", "none.jpg", "--group", "group-1"), 2, "looked for it in"),
        (("asset", "show", "ua_0123456789"), 2, "generic upload"),
        (("group", "show", "group-20260318035710-zzzzz"), 3, "No access"),
        (("video", "show", "vgen_2026112699999"), 4, "video show"),
        (("--profile", "xcompute", "group", "list"), 2, "xcompute"),
        (("video", "make", "x"), 2, "Say --yes"),
        (("group", "delete", "group-1"), 2, "Say --yes"),
        (("video", "make", "x", "--first", "a", "--ref", "b", "--yes"), 2, "--first"),
        (("init", "alltoken"), 2, "is there already"),
    ],
)
def test_what_goes_wrong_has_words_a_next_step_and_a_code(
    words: tuple[str, ...], code: int, says: str
) -> None:
    out, told = run(*words, code=code)
    assert out == ""
    assert "Traceback" not in told
    if says != "video show":
        assert says in told
    if "Next:" in told:
        (line,) = run("--json", *words, code=code)[1].strip().splitlines()
        assert json.loads(line)["next_step"]


def test_portraits_are_planned_applied_and_erased_by_name(folder: Path) -> None:
    (folder / "portraits.toml").write_text('[portraits.mia]\nfiles = { front = "mia.jpg" }\n')
    out, _ = run("portraits", "plan", "--to", "alltoken", "--to", "token360", code=10)
    assert out.count("+ register mia.front") == 2
    kept, _ = run("--json", "portraits", "plan", code=10)
    (folder / "plan.json").write_text(kept)

    out, words = run("portraits", "apply", "--plan", "plan.json", code=2)
    assert "--yes" in words
    out, _ = run("portraits", "apply", "--plan", "plan.json", "--yes")
    assert out.startswith("mia.front  active  pk1:alltoken:")
    again = run("portraits", "apply", "--plan", "plan.json", "--yes", code=2)[1]
    assert "ledger has changed" in again
    assert "1 keep" in run("portraits", "plan")[0]
    assert data("portraits", "status", "mia")[0]["status"] == "active"
    assert "mia  alltoken" in run("portraits", "list")[0]
    assert data("portraits", "list") == json.loads(run("portraits", "export", "mia")[0])
    (receipt,) = data("portraits", "erase", "mia", "--yes")
    assert receipt["is_complete"]
    assert run("portraits", "list")[0] == ""


def test_a_real_persons_portrait_needs_a_check_and_a_receipt_says_what_is_left(
    folder: Path,
) -> None:
    at = ("--profile", "xcompute")
    (folder / "portraits.toml").write_text(
        '[portraits.ann]\nkind = "real person"\nfiles = "mia.jpg"\n'
    )
    assert "! verify   ann.main" in run(*at, "portraits", "plan", code=11)[0]
    group = run(*at, "verify", "Ann")[0].split()[-1]
    adopt = ("portraits", "adopt", "ann", "--group", group, "--consent-of", "Ann Lee")
    assert "--purpose" in run(*at, *adopt, code=2)[1]
    run(*at, *adopt, "--purpose", "advertising", "--until", "2099-12-31")
    assert "ann.main  active" in run(*at, "portraits", "apply", "--yes")[0]
    out, words = run(*at, "portraits", "erase", "ann", "--yes", code=11)
    assert "by hand" in out
    assert "left at xcompute" in words
    run(*at, "portraits", "erase", "ann", "--yes", "--by-hand")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("plan",), 2, "portraits.toml' cannot be read"),
        (("export", "nobody"), 2, "the ledger knows no portrait 'nobody'"),
        (("erase", "nobody", "--yes"), 2, "the ledger knows no portrait 'nobody'"),
        (("adopt", "mia", "--look", "front"), 2, "--look is NAME=ASSET"),
        (("apply", "--plan", "plan.json"), 2, "plan.json' cannot be read"),
        (("plan", "--to", "nobody"), 2, "'nobody'"),
    ],
)
def test_a_portrait_that_is_not_there_is_told(words: tuple[str, ...], code: int, says: str) -> None:
    _, told = run("portraits", *words, code=code)
    assert says in told


def test_vendors_are_compared_by_a_plan(folder: Path) -> None:
    run("compare", "init", "plan.toml")
    run("compare", "init", "plan.toml", code=2)
    text = (folder / "plan.toml").read_text().replace("runs = 5", "runs = 1")
    (folder / "plan.toml").write_text(text)
    shown = data("compare", "plan.toml", "--dry-run")
    assert {"alltoken", "token360"} == {each["profile"] for each in shown}
    assert "--yes" in run("compare", "plan.toml", code=2)[1]
    out, words = run("compare", "plan.toml", "--out", "made", "--yes")
    assert out == "made\n"
    assert words.count("succeeded") == 4
    assert len(list((folder / "made" / "videos").iterdir())) == 4
    assert "write 90m" in run("compare", "plan.toml", "--every", "soon", code=2)[1]


def test_every_class_of_error_has_an_exit_code() -> None:
    classes = [each for each in vars(errors).values() if isinstance(each, type)]
    known = {each for each in classes if issubclass(each, pk.PortraitError)}
    assert set(EXIT_CODES) <= {each.__name__ for each in known}
    codes = {each.__name__: exit_code(each("x")) for each in known - {pk.PortraitError}}
    others = {"JournalError", "LedgerError"}
    vague = {"UnexpectedResponseError", "ProviderError", "ConflictError"}
    late = {"VerificationPendingError", "VerificationExpiredError"}
    assert {name for name, code in codes.items() if code == 1} == others | vague | late


def test_a_person_is_checked_by_a_code_in_the_terminal() -> None:
    out, words = run("verify", "Ann")
    assert out.startswith("group 'Ann'") or "pk1:" in out
    assert "https://" in words
    assert "runs out in" in words


@pytest.mark.parametrize("vendor", pk.provider_names())
def test_a_simulated_check_needs_no_page_to_return_to(vendor: str, folder: Path) -> None:
    """Nobody has to write an application before a first check of a face that is not real."""
    (folder / "portraitkit.toml").write_text(f"[profiles.{vendor}]\nsimulated = {FAST}\n")
    with pk.connect(vendor) as client:
        offered = client.supports("start_verification")
    words = ("--profile", vendor, "verify", "Ann")
    out, told = run(*words) if offered else run(*words, code=2)
    assert "pk1:" in out if offered else "Next:" in told


def test_a_preview_sends_nothing_and_shows_no_key() -> None:
    rows = data("video", "preview", "a street", "--at", "alltoken", "--at", "volcengine")
    assert [each["profile"] for each in rows] == ["alltoken", "volcengine"]
    out, _ = run("video", "preview", "a street", "--curl")
    assert out.startswith("curl -X POST https://")
    assert "false-api_key" not in out


def test_a_body_is_rewritten_and_what_is_lost_is_told(folder: Path) -> None:
    body = {"model": "seedance-2.0", "prompt": "a street", "seed": 7, "duration": 5}
    (folder / "body.json").write_text(json.dumps(body))
    out, words = run("video", "translate", "body.json", "--from", "alltoken", "--to", "volcengine")
    assert json.loads(out)["duration"] == 5
    assert "lost" in words or "beyond what is documented" in words or words == ""
    run("video", "translate", "mia.jpg", "--from", "alltoken", "--to", "volcengine", code=2)


@pytest.mark.parametrize("vendor", ["alltoken", "apimart", "apiyi", "byteplus", "volcengine"])
def test_init_writes_what_connect_can_read(vendor: str, folder: Path) -> None:
    _, words = run("init", vendor, "--path", "new.toml")
    written = tomllib.loads((folder / "new.toml").read_text())
    keys = written["profiles"][vendor]
    assert all(each[4:] in words for each in keys.values())
    environ = {each[4:]: "k-0123456789012345" for each in keys.values()}
    assert vendor in pk.explain_config(config="new.toml", environ=environ)


def test_doctor_tells_what_is_wrong_with_its_cure(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "FAIL" not in run("doctor")[0]
    run("init", "alltoken", "--path", "new.toml")
    out, _ = run("--config", "new.toml", "doctor", "--offline", code=1)
    assert "FAIL" in out
    assert "-> set ALLTOKEN_API_KEY" in out
    monkeypatch.setenv("ALLTOKEN_API_KEY", "sk-planted-key-0123")
    run("--config", "new.toml", "doctor", "--offline", "--report", "report.json")
    report = (folder / "report.json").read_text()
    assert "planted" not in report
    assert {each["state"] for each in json.loads(report)} <= {"ok", "skipped", "warning"}


def test_doctor_asks_a_served_vendor_and_hears_of_a_refused_key(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portraitkit.simulators.alltoken import AllTokenSimulator
    from portraitkit.simulators.server import WallClock, serve
    from portraitkit.simulators.state import SimAccount, World

    simulator = AllTokenSimulator(world=World(clock=WallClock()))
    simulator.add_account(SimAccount(name="us", api_key="sk-good-0123456789"))
    with serve(simulator) as server:
        text = f'profile = "alltoken"\n[profiles.alltoken]\nbase_url = "{server.url}"\n'
        (folder / "served.toml").write_text(text + 'api_key = "env:KEY"\n')
        monkeypatch.setenv("KEY", "sk-good-0123456789")
        with pk.connect(config="served.toml") as client:
            group = client.create_group("Mia")
        (folder / "served.toml").write_text(text + 'api_key = "env:KEY"\ntransport = "aiohttp"\n')
        out, _ = run("--config", "served.toml", "doctor", "--report", "report.json")
        assert re.search(r"ok +transport +aiohttp \d", out)
        report = (folder / "report.json").read_text()
        assert "'Items': [{" in str(json.loads(report))
        assert group.id not in report
        assert "Mia" not in report
        assert re.search(r"ok +assets +1 groups", out)
        monkeypatch.setenv("KEY", "sk-wrong-0123456789")
        out, _ = run("--config", "served.toml", "doctor", code=1)
        assert re.search(r"FAIL +assets", out)
        assert "sk-wrong" not in out
    assert not [each for each in simulator.seen if each.method == "POST" and "task" in each.url]


def test_adapters_are_listed_with_what_they_offer() -> None:
    assert "volcengine" in data("providers")
    (facts,) = data("providers", "xcompute")
    assert "add_asset" in facts["offers"]
    assert "list_groups" in facts["lacks"]
    assert "start_verification" in data("providers", "apiyi")[0]["by hand"]


def test_help_loads_no_http_library_and_no_adapter() -> None:
    code = (
        "import sys\nfrom portraitkit.cli.app import app\n"
        "try: app(['video', 'make', '--help'])\nexcept SystemExit: pass\n"
        "print([m for m in sys.modules if m in ('httpx', 'portraitkit.providers.alltoken')])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.rstrip().endswith("[]")
    assert "Example: portraitkit video make" in shown.stdout


def commands() -> Iterator[tuple[str, ...]]:
    """Every command's name."""
    for info in app.registered_groups:
        for each in info.typer_instance.registered_commands:  # type: ignore[union-attr]
            name = each.name or each.callback.__name__  # type: ignore[union-attr]
            yield ((info.name, name) if isinstance(info.name, str) else (name,))


@pytest.mark.parametrize("words", [*commands()], ids=" ".join)
def test_every_help_has_an_example(words: tuple[str, ...]) -> None:
    out, _ = run(*words, "--help")
    assert "Example: portraitkit" in out


def test_without_the_extra_the_command_says_what_to_install() -> None:
    code = "import sys; sys.modules['typer'] = None\nfrom portraitkit.cli import main; exit(main())"
    words = [sys.executable, "-c", code]
    shown = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "pip install 'portraitkit[cli]'" in shown.stderr


def test_an_interrupt_tells_the_command_that_goes_on(folder: Path) -> None:
    """In a pseudo-terminal, as a person would."""
    (folder / "slow.toml").write_text(
        'profile = "alltoken"\n[profiles.alltoken]\nsimulated = 1\n', encoding="utf-8"
    )
    words = ["--config", "slow.toml", "video", "make", "a street", "--out", "a.mp4", "--yes"]
    main, other = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, *words],
        stdin=other,
        stdout=other,
        stderr=other,
        start_new_session=True,
    )
    os.close(other)
    shown = _read_until(main, "created: pk1:")
    process.send_signal(signal.SIGINT)
    shown += _read_until(main, "--out a.mp4")
    assert process.wait(20) == 130, shown
    os.close(main)
    handle = re.findall(r"created: (\S+)", shown)[0]
    assert f"go on with: portraitkit video wait {handle} --out a.mp4" in " ".join(shown.split())
    assert "Traceback" not in shown


def _read_until(terminal: int, text: str) -> str:
    shown = ""
    while text not in " ".join(shown.split()) and select.select([terminal], [], [], 20)[0]:
        try:
            shown += os.read(terminal, 4096).decode(errors="replace")
        except OSError:
            break
    return shown


@pytest.mark.parametrize("vendor", ["alltoken", "volcengine", "xcompute"])
def test_simulate_writes_a_configuration_that_works(
    vendor: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is: a person's browser also finds a page to return to."""
    from portraitkit.simulators.__main__ import ACCOUNT, main

    for key in ("access_key", "secret_key", "api_key"):
        monkeypatch.setenv(f"SIMULATED_{key.upper()}", getattr(ACCOUNT, key))
    stop = threading.Event()
    words = [vendor, "--port", "0", "--write", "served.toml", "--by-hand"]
    thread = threading.Thread(target=main, args=(words,), kwargs={"until": stop})
    thread.start()
    try:
        for _ in range(500):
            if (folder / "served.toml").exists() and (folder / "served.toml").stat().st_size:
                break
            stop.wait(0.02)
        written = tomllib.loads((folder / "served.toml").read_text())
        assert written["profile"] == f"simulated-{vendor}"
        with pk.connect(config="served.toml") as client:
            check = client.start_verification("Ann")
            passed = {"result": "10000"}
            page = httpx.post(check.url, data=passed, follow_redirects=True, trust_env=False)
            assert page.status_code == 200
            assert "Done" in page.text
            assert client.check_verification(check).group
    finally:
        stop.set()
        thread.join(10)


def test_the_page_of_a_face_check_turns_by_itself(folder: Path) -> None:
    """A link that runs out is offered anew; what is verified ends the command."""
    simulator = simulating.simulation(provider_class("alltoken"), FAST)._simulator
    simulator.world.person = never
    shown: dict[str, str] = {}
    verify = ("verify", "Ann <b>", "--web")
    thread = threading.Thread(target=lambda: shown.update(out=run(*verify)[0]), daemon=True)
    pages: list[VerifyPage] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(VerifyPage, "show", _noted(pages, VerifyPage.show))
        thread.start()
        page = _until(lambda: pages[0] if pages else None)
        with httpx.Client(base_url=page.url, trust_env=False) as browser:
            html = browser.get("").text
            assert "<svg" in html
            assert "Ann &lt;b&gt;" in html
            assert browser.get("state").json()["until"] > 0
            assert browser.get("state", headers={"Host": "evil.example"}).status_code == 404
            assert browser.get("../wrong/state").status_code == 404
            back = httpx.URL(page.url).join("/callback?bytedToken=x")
            done = browser.get(back, headers={"Host": "tunnel.example"})
            assert (done.status_code, "bytedToken" in done.text) == (200, False)
            assert _until(lambda: browser.get("state").json()["state"] == "expired")
            assert "https://simulator.invalid/h5" not in browser.get("").text
            simulator.world.person = scans_after(0)
            assert browser.post("again").status_code == 303
            assert _until(lambda: browser.get("state").json()["state"] == "verified")
    thread.join(10)
    assert shown["out"].startswith("group ")


def _noted(pages: list[VerifyPage], show: Callable[..., None]) -> Callable[..., None]:
    def noted(page: VerifyPage, check: pk.Verification) -> None:
        pages.append(page)
        show(page, check)

    return noted


def _until(ask: Callable[[], T]) -> T:
    """Ask until the answer is true; the test's own limit ends it else."""
    while not (found := ask()):
        time.sleep(0.01)
    return found
