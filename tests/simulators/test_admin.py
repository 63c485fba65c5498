"""The admin API at /__admin/: driven over HTTP, as a client in any language would."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from volcenginesdkarkruntime import Ark, _exceptions

import portraitkit as pk
from portraitkit.simulators import __main__ as command
from portraitkit.simulators import finding
from portraitkit.simulators.admin import FATES, PATH, WHEN, members_of
from portraitkit.simulators.server import WallClock, serve
from portraitkit.simulators.state import World, scans_after

ROOT = Path(__file__).parents[2]
VENDORS = sorted({way.partition("-")[0] for way in command.WAYS})
KEY = {"Authorization": f"Bearer {command.ACCOUNT.api_key}"}
VIDEOS = "/v1/videos/generations"


@contextmanager
def served(vendor="alltoken", **options):
    world = World(clock=WallClock(), client_clock=command._real_time, person=scans_after(0))
    simulator = finding.load(vendor)(world=world)
    simulator.add_account(command.ACCOUNT)
    with (
        serve(simulator, admin=True, **options) as server,
        httpx.Client(base_url=server.url, trust_env=False) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def running():
    with served() as client:
        yield client


@pytest.fixture
def admin(running):
    told(running, "reset")
    return running


def told(admin, place, **body):
    answer = admin.post(PATH + place, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def asked(admin, place):
    return admin.get(PATH + place).json()


def film(admin, **body):
    asked = {"model": "seedance-2.0", "prompt": "a sea", **body}
    return admin.post(VIDEOS, json=asked, headers=KEY)


def state(admin, video):
    return admin.get(f"{VIDEOS}/{video}", headers=KEY).json()["status"]


def test_health_says_which_vendor_is_there(admin):
    """What a container's health check asks."""
    assert {"status": "ok", "vendor": "alltoken", "url": str(admin.base_url).rstrip("/")} == asked(
        admin, "health"
    )


def test_a_lost_answer_is_paid_for_and_nothing_arrives(admin):
    """The connection breaks without a byte; the bill says what the client cannot know."""
    told(admin, "fates", fate="fail_next", acted=True, when={"method": "post"})
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        film(admin)
    told(admin, "fates", fate="fail_next", acted=False, when={"method": "post"})
    with pytest.raises(httpx.RemoteProtocolError):
        film(admin)

    assert {"billed": {"demo": {"video": 1}}} == asked(admin, "bills")


def test_a_fault_comes_at_the_step_that_was_named(admin):
    """The second create is refused, with the header; what does not match is not counted."""
    when = {"path": "/v1/videos/*", "contains": "sea"}
    told(admin, "fates", fate="refuse_next", status=429, at=2, retry_after_s=7, when=when)

    assert 202 == film(admin, prompt="a hill").status_code
    assert 202 == film(admin).status_code
    refused = film(admin)
    assert (429, "7") == (refused.status_code, refused.headers["retry-after"])
    assert 202 == film(admin).status_code
    assert [] == asked(admin, "fates")["waiting"]


def test_a_gateways_page_arrives_as_it_is(admin):
    """A body is sent as text, and the vendor may have acted all the same."""
    told(admin, "fates", fate="refuse_next", status=502, body="<h1>Bad Gateway</h1>", acted=True)
    answer = film(admin)

    assert (502, "<h1>Bad Gateway</h1>") == (answer.status_code, answer.text)
    assert {"demo": {"video": 1}} == asked(admin, "bills")["billed"]


def test_slow_answers_hold_up_nobody_else(admin):
    """The vendor acts at once, and others are answered meanwhile."""
    told(admin, "fates", fate="slow_next", seconds=30)
    with pytest.raises(httpx.ReadTimeout):
        admin.post(VIDEOS, json={"model": "seedance-2.0", "prompt": "x"}, headers=KEY, timeout=0.1)

    assert {"demo": {"video": 1}} == asked(admin, "bills")["billed"]
    told(admin, "latency", seconds=0.05)
    start = time.monotonic()
    film(admin)
    assert time.monotonic() - start >= 0.05


def test_the_clock_is_moved_and_hastened(admin):
    """An hour of waiting is one request."""
    video = film(admin).json()["id"]
    assert "queued" == state(admin, video)
    told(admin, "clock", advance_s=3600)
    assert "completed" == state(admin, video)
    assert 1000 == told(admin, "clock", speed=1000)["speed"]
    told(admin, "clock", speed=1)


def test_fates_are_what_the_simulator_offers(admin):
    """Quota, reviews and failures, by the methods of its world."""
    told(admin, "fates", fate="fail_video", word="storm", code="Sensitive")
    told(admin, "fates", fate="fill_quota", assets=False)
    video = film(admin, prompt="a storm").json()["id"]
    told(admin, "clock", advance_s=3600)
    action = admin.post("/v1/portrait?Action=CreateAssetGroup", json={"Name": "Mia"}, headers=KEY)

    assert "failed" == state(admin, video)
    assert action.status_code >= 400
    told(admin, "reset")
    assert 404 == admin.get(f"{VIDEOS}/{video}", headers=KEY).status_code
    assert {"billed": {}} == asked(admin, "bills")


def test_the_log_shows_what_was_asked_and_no_secret(admin):
    """Bodies as sent, without keys, tokens, inline files and what signs links."""
    film(
        admin,
        prompt="a sea, by simulated-api-key",
        callback_url="http://127.0.0.1:9/x?token=planted",
        content=[
            {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 9000}}
        ],
    )
    admin.get("/v1/x", headers={"Authorization": "Bearer a-real-key-of-somebody"}, params={"k": 1})
    text = admin.get(PATH + "log").text
    (first, second) = json.loads(text)["requests"]

    assert ("POST", VIDEOS, "seedance-2.0") == (
        first["method"],
        first["path"],
        first["body"]["model"],
    )
    assert {"k": "1"} == second["query"]
    for secret in ("simulated-api-key", "planted", "a-real-key", "AAAAAAAAAAAAAAAAAAAAAAAA"):
        assert secret not in text


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_is_seeded_is_there_without_a_bill(vendor):
    """A group and an active asset, found by the vendor's own client."""
    with served(vendor) as admin:
        (group,) = told(admin, "seed", groups=[{"name": "Mia", "assets": ["front"]}])["groups"]
        assert {"billed": {"demo": {"asset": 0}}} == asked(admin, "bills")
        with client_of(vendor, str(admin.base_url).rstrip("/")) as client:
            if client.provider.supports("list_assets"):
                (asset,) = client.list_assets(group["id"])
                assert (pk.AssetStatus.ACTIVE, group["assets"][0]["id"]) == (asset.status, asset.id)
            media = pk.References(images={"mia": group["assets"][0]["id"]})
            request = pk.VideoRequest(prompt="{mia}", media=media, duration_s=5)
            assert client.create_video(request).id


def client_of(vendor, url):
    credentials, addresses = command.WAYS[vendor]
    given = {key: getattr(command.ACCOUNT, key) for key in credentials}
    return pk.connect(vendor, **given, **dict.fromkeys(addresses, url))


@pytest.mark.parametrize(
    ("place", "body", "says"),
    [
        ("fate", {}, "did you mean fates?"),
        ("fates", {"fate": "fail_nxt"}, "did you mean fail_next?"),
        ("fates", {"fate": "fail_next"}, "fail_next needs acted: true or false"),
        ("fates", {"fate": "fail_next", "acted": 1}, "acted has to be true or false, not 1"),
        ("fates", {"fate": "refuse_next", "status": 42}, "status is out of range: 42"),
        ("fates", {"fate": "slow_next", "seconds": -1}, "seconds has to be a number of 0 or more"),
        ("fates", {"fate": "fill_quota", "group": True}, "did you mean groups?"),
        ("fates", {"fate": "fail_next", "acted": True, "when": {"paths": "x"}}, "path?"),
        ("clock", {}, "give advance_s, speed, or both"),
        ("clock", {"speed": 0}, "speed has to be a number above 0"),
        ("latency", {"seconds": "slow"}, "seconds has to be a number"),
        ("seed", {"groups": [{"assets": []}]}, "a group's name is a text"),
        ("health", {}, "takes GET"),
    ],
)
def test_what_cannot_be_done_is_said(admin, place, body, says):
    """The member, what it has to be, and what comes near."""
    answer = admin.post(PATH + place, json=body)

    assert 400 == answer.status_code
    assert says in answer.json()["error"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_page_in_a_browser_cannot_drive_it(admin, kind):
    """What a form can send without asking is refused; nothing has changed."""
    video = film(admin).json()["id"]
    answer = admin.post(f"{PATH}reset", content="{}", headers={"Content-Type": kind})

    assert 400 == answer.status_code
    assert "Content-Type: application/json" in answer.text
    assert "queued" == state(admin, video)


def test_no_vendor_has_such_a_path():
    """It cannot be taken for the vendor's, nor the vendor's for it."""
    for path in ROOT.glob("providers/*/contract.yaml"):
        assert "__admin" not in path.read_text(encoding="utf-8")
    with serve(finding.load("alltoken")()) as server:
        assert 401 == httpx.get(server.url + PATH, trust_env=False).status_code


class Receiver:
    """An application's address for callbacks."""

    def __init__(self):
        self.got = []
        got = self.got

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                got.append(json.loads(self.rfile.read(length)))
                self.send_response(204)
                self.end_headers()

            def do_GET(self):
                got.append(self.path)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def wait(self, count):
        until(lambda: len(self.got) >= count)
        return self.got


def until(condition):
    limit = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


ARK = {"model": "doubao-seedance-2-0-260128", "content": [{"type": "text", "text": "a sea"}]}
ARK_TASKS = "/api/v3/contents/generations/tasks"


@pytest.mark.parametrize(
    ("disorder", "words"),
    [
        ({}, ["queued", "running", "succeeded"]),
        ({"copies": 2}, ["queued", "queued", "running", "running", "succeeded", "succeeded"]),
        ({"backwards": True}, ["succeeded", "running", "queued"]),
    ],
)
def test_a_video_tells_its_callback_url(receiver, disorder, words):
    """Volcengine posts the task at each change; twice, or the wrong way round, if asked to."""
    with served("volcengine") as admin:
        told(admin, "fates", fate="disorder_notices", **disorder)
        admin.post(
            ARK_TASKS, json={**ARK, "callback_url": receiver.url + "/x?k=planted"}, headers=KEY
        )
        told(admin, "clock", advance_s=3600)

        assert words == [each["status"] for each in receiver.wait(len(words))]
        until(lambda: len(asked(admin, "callbacks")["deliveries"]) == len(words))
        tried = asked(admin, "callbacks")["deliveries"]
        assert {"HTTP 204"} == {each["outcome"] for each in tried}
        assert "planted" not in str(tried)


def test_a_late_notice_comes_later(receiver):
    """It is due so many of the vendor's seconds after what it tells of."""
    with served() as admin:
        told(admin, "fates", fate="disorder_notices", late_s=1000)
        film(admin, callback_url=receiver.url)
        told(admin, "clock", advance_s=500)
        time.sleep(0.2)
        assert [] == receiver.got
        told(admin, "clock", advance_s=600)
        assert ["completed"] == [each["status"] for each in receiver.wait(1)]


def test_a_notice_for_another_origin_goes_where_it_is_told(receiver):
    """Token360 wants https; the stand-in gets the envelope, and other origins get nothing."""
    body = {"model": "seedance-2.0", "prompt": "a sea", "request_id": "mine"}
    with served("token360", deliver={"https://app.example": receiver.url}) as admin:
        for host in ("app.example", "other.example"):
            admin.post(
                "/v1/videos", json={**body, "callback_url": f"https://{host}/x"}, headers=KEY
            )
        told(admin, "clock", advance_s=3600)
        (got,) = receiver.wait(1)
        until(lambda: len(asked(admin, "callbacks")["deliveries"]) == 2)
        outcomes = {each["outcome"] for each in asked(admin, "callbacks")["deliveries"]}

    assert ("mine", "completed") == (got["request_id"], got["data"]["status"])
    assert {"HTTP 204", "not sent: neither this machine nor an origin of --deliver"} == outcomes


@pytest.mark.parametrize("vendor", ["alltoken", "volcengine", "xcompute"])
def test_a_face_check_returns_to_its_callback_url(receiver, vendor):
    """As the browser of the person would be sent there; no token stands in the list."""
    with served(vendor) as admin, client_of(vendor, str(admin.base_url).rstrip("/")) as client:
        check = client.start_verification("Ann", callback_url=f"{receiver.url}/back?mine=1")
        (path,) = receiver.wait(1)
        until(lambda: asked(admin, "callbacks")["deliveries"])

        assert path.startswith("/back?mine=1&bytedToken=")
        assert client.read_callback(path).token == check.token
        assert client.check_verification(check).group
        assert check.token.reveal() not in str(asked(admin, "callbacks"))


@contextmanager
def command_served(*words):
    """The command, in a thread; yields what it wrote and the vendor's address."""
    stop, said = threading.Event(), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command.sys, "stdout", Written(said))
        patch.setattr(command.sys, "stderr", Written(said))
        thread = threading.Thread(
            target=command.main, args=([*words, "--port", "0"],), kwargs={"until": stop}
        )
        thread.start()
        try:
            until(lambda: "# Serving" in "".join(said))
            text = "".join(said)
            yield text, re.search(r'"(http://[^"/]+)"', text)[1]
        finally:
            stop.set()
            thread.join(10)


class Written:
    def __init__(self, said):
        self.said = said

    def write(self, text):
        self.said.append(text)

    def flush(self):
        pass


def test_an_open_host_is_told_and_answers_by_any_name(monkeypatch):
    """Links lead back by the name that the client used. Nothing is opened here all the same."""
    listen = socket.create_server
    monkeypatch.setattr(
        socket, "create_server", lambda address, **how: listen(("127.0.0.1", address[1]), **how)
    )
    with command_served("alltoken", "--host", "0.0.0.0") as (text, url):
        answer = httpx.get(
            url + PATH + "health", headers={"Host": "simulator:8360"}, trust_env=False
        )
        video = httpx.get(f"{url}/media/clip.mp4", headers={"Host": "simulator"}, trust_env=False)

    assert "anyone on that network can reach these simulators, and drive them at /__admin/" in text
    assert url.startswith("http://127.0.0.1:")
    assert (200, 200) == (answer.status_code, video.status_code)


def test_the_official_client_is_driven_through_it():
    """Volcengine's own client meets a moved clock and a limit of rate."""
    with (
        command_served("volcengine") as (text, url),
        Ark(base_url=f"{url}/api/v3", api_key=command.ACCOUNT.api_key, max_retries=0) as ark,
        httpx.Client(base_url=url, trust_env=False) as admin,
    ):
        tasks = ark.content_generation.tasks
        made = tasks.create(**ARK)
        told(admin, "clock", advance_s=3600)
        assert "succeeded" == tasks.get(task_id=made.id).status
        told(admin, "fates", fate="refuse_next", status=429)
        with pytest.raises(_exceptions.ArkRateLimitError):
            tasks.create(**ARK)
        with client_of("volcengine", url) as client:  # a signature has the real time
            assert client.create_group("Mia").id
    assert "warning" not in text


@pytest.mark.parametrize("program", [["bash", "film.sh"], ["node", "film.mjs"]])
def test_the_example_without_python_runs(program):
    """The client of the compose file, as a process beside the simulator."""
    if not shutil.which(program[0]) or not shutil.which("curl"):
        pytest.skip(f"there is no {program[0]}")
    with command_served("alltoken") as (_, url):
        done = subprocess.run(
            program,
            cwd=ROOT / "examples" / "simulated-vendor",
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "VENDOR_URL": url},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.strip().endswith("one video was paid for")


def test_the_page_tells_each_fate_with_its_members():
    """The table on the docs page is what the admin API takes."""
    page = (ROOT / "docs" / "simulators.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", page, re.MULTILINE))

    assert {name: set(members_of(name)) for name in FATES} == {
        name: set(re.findall(r"`(\w+)`", rows[name])) for name in FATES
    }
    assert all(f"`{word}`" in page for word in WHEN)
