from __future__ import annotations

import http.client
import importlib.util
import json
import logging
import subprocess
import sys
import threading
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import httpx
import pytest
from attrs import define

from portraitkit.simulators import __main__ as command
from portraitkit.simulators import finding
from portraitkit.simulators import server as server_module
from portraitkit.simulators.server import Server, WallClock, serve
from portraitkit.simulators.simulator import Simulator, query_of
from portraitkit.simulators.state import SimCheck
from portraitkit.wire.steps import Request, Response

CLIP = files("portraitkit.simulators").joinpath("data", "clip.mp4").read_bytes()


@define(kw_only=True)
class Echo(Simulator):
    """Answers with what it was asked."""

    name = "echo"

    inside: int = 0
    most_inside: int = 0

    def answer(self, request: Request) -> Response:
        self.inside += 1
        self.most_inside = max(self.inside, self.most_inside)
        if "/slow/" in request.url:
            time.sleep(0.001)
        if "/broken" in request.url:
            raise ZeroDivisionError("a defect")
        body = {
            "method": request.method,
            "url": request.url,
            "query": query_of(request),
            "key": request.headers.get("authorization"),
            "size": len(request.content),
            "link": self.media_url("clip.mp4"),
        }
        self.inside -= 1
        return self.json(body, 201, {"x-request-id": "r-1"})


@pytest.fixture(scope="module")
def running():
    with serve(Echo()) as server:
        yield server


@pytest.fixture
def echo(running):
    running.simulator.seen.clear()
    return running


@pytest.fixture
def http_client():
    with httpx.Client(trust_env=False) as client:
        yield client


def test_a_request_arrives_whole(echo, http_client):
    """Method, path, query, headers and body reach the simulator, and its answer comes back."""
    answer = http_client.post(
        f"{echo.url}/v1/a%2Fb?Action=Do&Empty=",
        content=b"12345",
        headers={"Authorization": "Bearer k"},
    )

    assert 201 == answer.status_code
    assert "r-1" == answer.headers["X-Request-Id"]
    assert {
        "method": "POST",
        "url": f"{echo.url}/v1/a%2Fb",
        "query": {"Action": "Do", "Empty": ""},
        "key": "Bearer k",
        "size": 5,
        "link": f"{echo.url}/media/clip.mp4?X-Tos-Signature=simulated&X-Tos-Expires=86400",
    } == answer.json()


def test_the_server_tells_the_simulator_where_it_is():
    """Links in a simulator's answers lead to the server, each on a port of its own."""
    one, two = Echo(), Echo()
    with serve(one) as first, serve(two) as second:
        assert first.url == one.base_url
        assert second.url == two.base_url
        assert first.url != second.url
        assert first.url.startswith("http://127.0.0.1:")


def test_the_host_name_of_the_client_is_kept(echo, http_client):
    """A signature covers the host that the client used, so the simulator sees that one."""
    url = echo.url.replace("127.0.0.1", "localhost")

    answer = http_client.get(f"{echo.url}/v1/x", headers={"Host": url.removeprefix("http://")})

    assert f"{url}/v1/x" == answer.json()["url"]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com", "", "::"])
def test_only_loopback_addresses_are_served(host):
    """No simulator is reachable from another machine."""
    with pytest.raises(ValueError, match="loopback"):
        serve(Echo(), host=host)


def test_a_foreign_host_name_is_refused(echo, http_client):
    """A page that rebinds its own name to this machine gets nothing."""
    answer = http_client.get(f"{echo.url}/v1/x", headers={"Host": "evil.example"})

    assert 421 == answer.status_code


def test_a_finished_film_is_served_whole(echo, http_client):
    """The link of a finished video leads to a real film, and says that ranges may be asked for."""
    answer = http_client.get(f"{echo.url}/media/clip.mp4?X-Tos-Signature=simulated")

    assert CLIP == answer.content
    assert "video/mp4" == answer.headers["content-type"]
    assert "bytes" == answer.headers["accept-ranges"]


@pytest.mark.parametrize(
    ("asked", "content", "where"),
    [
        ("bytes=0-3", CLIP[:4], f"bytes 0-3/{len(CLIP)}"),
        ("bytes=100-", CLIP[100:], f"bytes 100-{len(CLIP) - 1}/{len(CLIP)}"),
        ("bytes=-10", CLIP[-10:], f"bytes {len(CLIP) - 10}-{len(CLIP) - 1}/{len(CLIP)}"),
        ("bytes=5-999999999", CLIP[5:], f"bytes 5-{len(CLIP) - 1}/{len(CLIP)}"),
    ],
)
def test_a_range_of_a_film_is_served(echo, http_client, asked, content, where):
    """A download that broke off can go on where it stopped."""
    answer = http_client.get(f"{echo.url}/media/clip.mp4", headers={"Range": asked})

    assert 206 == answer.status_code
    assert where == answer.headers["content-range"]
    assert content == answer.content


@pytest.mark.parametrize("asked", ["bytes=-", "bytes=7-3", "lines=1-2", "bytes=0-1,4-5", "x"])
def test_a_range_that_means_nothing_is_ignored(echo, http_client, asked):
    """A range that is malformed or of another unit gets the whole file, as HTTP says."""
    answer = http_client.get(f"{echo.url}/media/clip.mp4", headers={"Range": asked})

    assert 200 == answer.status_code
    assert CLIP == answer.content


def test_a_range_beyond_the_end_is_refused(echo, http_client):
    """A range that starts after the end is answered with the file's size."""
    answer = http_client.get(f"{echo.url}/media/clip.mp4", headers={"Range": "bytes=99999999-"})

    assert 416 == answer.status_code
    assert f"bytes */{len(CLIP)}" == answer.headers["content-range"]


def test_a_changed_file_is_not_continued(echo, http_client):
    """`If-Range` with another file's mark gets the whole file, with its own mark the rest."""
    url = f"{echo.url}/media/clip.mp4"
    etag = http_client.head(url).headers["etag"]

    old = http_client.get(url, headers={"Range": "bytes=9-", "If-Range": '"other"'})
    same = http_client.get(url, headers={"Range": "bytes=9-", "If-Range": etag})

    assert 200 == old.status_code
    assert 206 == same.status_code


def test_head_tells_the_size_without_the_body(echo, http_client):
    """HEAD answers what GET would, without the body."""
    answer = http_client.head(f"{echo.url}/media/clip.mp4")

    assert 200 == answer.status_code
    assert str(len(CLIP)) == answer.headers["content-length"]
    assert b"" == answer.content


def test_head_elsewhere_is_the_simulators_affair(echo, http_client):
    """The vendor's own paths see HEAD as it was sent."""
    answer = http_client.head(f"{echo.url}/v1/x")

    assert 201 == answer.status_code
    assert "HEAD" == echo.simulator.seen[-1].method


def test_a_large_upload_arrives(echo, http_client):
    """A body of several megabytes is read whole."""
    answer = http_client.post(f"{echo.url}/v1/x", content=bytes(12_000_000))

    assert 12_000_000 == answer.json()["size"]


def test_an_endless_upload_is_refused(echo, http_client, monkeypatch):
    """A body above the limit is refused and never reaches the simulator."""
    monkeypatch.setattr(server_module, "BODY_LIMIT_BYTES", 10)

    answer = http_client.post(f"{echo.url}/v1/x", content=b"12345678901")

    assert 413 == answer.status_code
    assert [] == echo.simulator.seen


def test_requests_are_answered_one_at_a_time():
    """Two servers that share a simulator never run it at the same moment."""
    echo = Echo()
    with (
        serve(echo) as one,
        serve(echo) as two,
        httpx.Client(trust_env=False) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        urls = [f"{server.url}/slow/{n}" for n in range(20) for server in (one, two)]
        answers = list(pool.map(lambda url: client.get(url).status_code, urls))

    assert [201] * 40 == answers
    assert 40 == len(echo.seen)
    assert 1 == echo.most_inside


def test_an_answer_without_a_body_is_sent(echo, http_client):
    """A 204 has neither body nor length."""
    echo.simulator.answer_next(Response(status=204, received_at=datetime.now(UTC)))

    answer = http_client.delete(f"{echo.url}/v1/x")

    assert 204 == answer.status_code
    assert "content-length" not in answer.headers


def test_an_answer_with_its_own_framing_is_framed_anew(echo, http_client):
    """Whatever length a queued answer claims, what is sent is what it holds."""
    echo.simulator.answer_next(
        Response(
            status=200,
            headers={"Content-Length": "9000", "Transfer-Encoding": "chunked", "X-Mark": "1"},
            content=b"short",
            received_at=datetime.now(UTC),
        )
    )

    answer = http_client.get(f"{echo.url}/v1/x")

    assert b"short" == answer.content
    assert "1" == answer.headers["x-mark"]


def test_a_request_without_a_host_is_answered(echo):
    """HTTP/1.0 clients name no host; the simulator then sees the server's own."""
    address = echo.url.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=5)
    connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"
    connection.putrequest("GET", "/v1/x", skip_host=True)
    connection.endheaders()
    body = json.loads(connection.getresponse().read())
    connection.close()

    assert f"{echo.url}/v1/x" == body["url"]


def test_a_defect_in_a_simulator_is_raised_when_the_server_stops():
    """A simulator that raises answers 500 at once, and its error ends the `with` block."""
    server = serve(Echo()).__enter__()
    answer = httpx.get(f"{server.url}/broken", trust_env=False)
    with pytest.raises(ZeroDivisionError, match="a defect"):
        server.__exit__(None, None, None)

    assert 500 == answer.status_code
    assert "ZeroDivisionError" in answer.text


def test_a_defect_in_a_simulator_does_not_hide_the_tests_own_error():
    """When the block itself fails, the simulator's error is a note on that failure."""
    error = KeyError("mine")
    server = serve(Echo()).__enter__()
    httpx.get(f"{server.url}/broken", trust_env=False)
    server.__exit__(KeyError, error, None)

    assert ["the simulator itself failed: ZeroDivisionError('a defect')"] == error.__notes__


def test_a_server_says_nothing_of_its_own(caplog, capfd, http_client):
    """Serving leaves no line in the log or on the terminal."""
    with caplog.at_level(logging.INFO), serve(Echo()) as server:
        http_client.get(f"{server.url}/v1/x")

    assert [] == [r.name for r in caplog.records if r.name.startswith("uvicorn")]
    assert ("", "") == capfd.readouterr()


def test_a_server_stops_with_a_client_still_connected(http_client):
    """Leaving the block frees the port at once, whatever clients hold open."""
    with serve(Echo()) as server:
        http_client.get(f"{server.url}/v1/x")

    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url, trust_env=False)
    assert not [t for t in threading.enumerate() if t.name == f"simulator {server.url}"]


def test_a_server_that_cannot_start_says_so(monkeypatch):
    """A server whose thread dies is reported instead of waited for."""
    monkeypatch.setattr(server_module.uvicorn.Server, "run", lambda self, sockets: None)

    with pytest.raises(RuntimeError, match="did not start"), serve(Echo()):
        pass


def test_leaving_a_server_that_does_not_stop_is_bounded(monkeypatch):
    """Who leaves is told after a while, and does not wait for ever."""
    monkeypatch.setattr(server_module, "_STOP_LIMIT_S", 0.05)
    release = threading.Event()

    class Held(Echo):
        def answer(self, request):
            release.wait(30)
            return super().answer(request)

    server = serve(Held()).__enter__()
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{server.url}/v1/x", timeout=0.05, trust_env=False)

    with pytest.raises(RuntimeError, match="did not stop in"):
        server.__exit__(None, None, None)
    release.set()
    server._thread.join(10)


def test_a_server_that_never_ran_can_be_left():
    """`serve` makes a `Server` and starts nothing yet; leaving one that was not entered is free."""
    server = serve(Echo())
    server.__exit__(None, None, None)

    assert isinstance(server, Server)
    assert "" == server.url


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("media")
    folder = tmp_path / "shared"
    (folder / "faces").mkdir(parents=True)
    (folder / "faces" / "mia.jpg").write_bytes(b"jpeg bytes")
    (folder / "blank.txt").write_bytes(b"")
    (folder / ".env").write_text("KEY=1")
    (tmp_path / "outside.txt").write_text("private")
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    with serve(Echo(), folder=folder) as server:
        yield server


def test_a_folder_is_served_as_a_media_host(shared, http_client):
    """A picture in the folder has a URL that a vendor could fetch it from, ranges included."""
    whole = http_client.get(shared.file_url("faces/mia.jpg"))
    part = http_client.get(shared.file_url("faces/mia.jpg"), headers={"Range": "bytes=5-"})

    assert (b"jpeg bytes", "image/jpeg") == (whole.content, whole.headers["content-type"])
    assert b"bytes" == part.content
    assert b"" == http_client.get(shared.file_url("blank.txt")).content
    assert [] == shared.simulator.seen


@pytest.mark.parametrize(
    "path",
    [
        "",
        "faces",
        "faces/",
        "none.jpg",
        ".env",
        "faces/../../outside.txt",
        "%2e%2e/outside.txt",
        "..%2foutside.txt",
        "%2Fetc%2Fpasswd",
        "link.txt",
        "faces/mia.jpg%00.png",
    ],
)
def test_nothing_but_the_folders_own_files_is_served(shared, path):
    """No listing, no hidden file, no way out of the folder."""
    connection = http.client.HTTPConnection(shared.url.removeprefix("http://"), timeout=5)
    connection.request("GET", f"/files/{path}")
    answer = connection.getresponse()
    body = answer.read()
    connection.close()

    assert 404 == answer.status
    assert b"private" not in body


def test_without_a_folder_there_are_no_files(echo, http_client):
    """A server that was given no folder serves none."""
    answer = http_client.get(echo.file_url("README.md"))

    assert 404 == answer.status_code


def test_a_wall_clock_runs_faster_than_time():
    """Ten real seconds are ten minutes at sixtyfold speed."""
    seconds = [100.0]
    clock = WallClock(speed=60, monotonic=lambda: seconds[0])
    start = clock()
    seconds[0] += 10

    assert 600 == (clock() - start).total_seconds()


@pytest.mark.parametrize("speed", [0, -1, float("inf"), float("nan")])
def test_a_clock_that_would_not_run_is_refused(speed):
    """A clock must move forward at a finite speed."""
    with pytest.raises(ValueError, match="speed"):
        WallClock(speed)


@pytest.fixture
def vendor(monkeypatch):
    monkeypatch.setattr(command, "load", lambda name: Echo)


def _run(capsys, *arguments):
    stopped = threading.Event()
    stopped.set()
    status = command.main([*arguments, "--port", "0"], until=stopped)
    return status, capsys.readouterr().out


def test_the_command_prints_a_profile_that_leads_to_it(vendor, capsys):
    """What the command prints is a configuration: provider, credentials by reference, address."""
    status, text = _run(capsys, "alltoken")
    profile = tomllib.loads(text.partition("# shell")[0])["profiles"]["simulated-alltoken"]

    assert 0 == status
    assert "alltoken" == profile["provider"]
    assert "env:SIMULATED_API_KEY" == profile["api_key"]
    assert profile["base_url"].startswith("http://127.0.0.1:")
    assert "export SIMULATED_API_KEY=simulated-api-key" in text


def test_the_command_serves_several_vendors(vendor, capsys):
    """Each vendor named gets a server, a profile and its own two addresses where it has two."""
    _, text = _run(capsys, "volcengine", "token360", "--speed", "10", "--by-hand")
    profiles = tomllib.loads(text.partition("# shell")[0])["profiles"]

    assert ["simulated-volcengine", "simulated-token360"] == list(profiles)
    assert profiles["simulated-volcengine"]["assets_url"].startswith("http://127.0.0.1:")
    assert "env:SIMULATED_SECRET_KEY" == profiles["simulated-volcengine"]["secret_key"]


@pytest.mark.parametrize(("arguments", "passed"), [((), True), (("--by-hand",), False)])
def test_the_command_shortens_waiting_and_keeps_the_time(monkeypatch, arguments, passed):
    """Reviews, films and people are faster; the clock is right, as signatures need it to be."""
    made = []
    monkeypatch.setattr(command, "load", lambda name: lambda world: made.append(world) or Echo())
    stopped = threading.Event()
    stopped.set()
    command.main(["volcengine", "--port", "0", "--speed", "10", *arguments], until=stopped)
    (world,) = made
    now = world.now()
    check = SimCheck("t", "demo", created_at=now, expires_at=now)

    assert (1.3, 0.5, 4.0) == (world.review_s, world.queue_s, world.render_s)
    assert abs((now - datetime.now(UTC)).total_seconds()) < 5
    assert passed == (world.person(check, now + timedelta(seconds=0.5)) == 10000)


def test_the_command_ends_quietly_when_interrupted(vendor, capsys):
    """An interrupt is how it is stopped, not an error."""

    class Interrupted(threading.Event):
        def wait(self, timeout=None):
            raise KeyboardInterrupt

    assert 0 == command.main(["alltoken", "--port", "0"], until=Interrupted())


@pytest.mark.parametrize(
    "arguments",
    [
        ["nobody"],
        ["alltoken", "--deliver", "app:8000/x"],
        ["alltoken", "--speed", "0"],
        ["alltoken", "--speed", "fast"],
    ],
)
def test_the_command_refuses_what_it_cannot_serve(vendor, capsys, arguments):
    """A wrong vendor, address or speed ends with a usage message."""
    with pytest.raises(SystemExit) as stopped:
        command.main([*arguments, "--port", "0"])

    assert 2 == stopped.value.code
    assert "usage: python -m portraitkit.simulators" in capsys.readouterr().err


def test_a_vendors_simulator_is_found_by_name():
    """A vendor's module is imported only when it is asked for, and its simulator found there."""
    found = command.load("token360")

    assert "token360" == found.name
    assert issubclass(found, Simulator)


@pytest.mark.parametrize("name", ["nobody", "state"])
def test_a_name_without_a_simulator_is_refused(name):
    """A module that is missing, or that holds no simulator, is named."""
    with pytest.raises(LookupError, match=name):
        command.load(name)


def test_a_simulator_that_needs_a_missing_package_says_which(monkeypatch):
    """A missing package is not mistaken for a missing simulator."""

    def broken(entry):
        raise ModuleNotFoundError("No module named 'numpy'", name="numpy")

    monkeypatch.setattr("importlib.metadata.EntryPoint.load", broken)

    with pytest.raises(ModuleNotFoundError, match="numpy"):
        finding.load("token360")


def test_the_command_runs_as_a_module():
    """`python -m portraitkit.simulators` is the command."""
    # Not by runpy: pytest's loader, which plugins' packages get, has no code to hand out.
    done = subprocess.run(
        [sys.executable, "-m", "portraitkit.simulators", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "--by-hand" in done.stdout


def test_serving_without_the_extra_says_what_to_install(monkeypatch):
    """Without uvicorn the import names the extra."""
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    spec = importlib.util.spec_from_file_location(
        "portraitkit.simulators.again", server_module.__file__
    )

    with pytest.raises(ImportError, match=r"portraitkit\[simulators\]"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
