"""Rates shared through a real Redis: by processes and clients, and without the Redis."""

from __future__ import annotations

import itertools
import logging
import multiprocessing
import subprocess
import sys
import time
import traceback
from pathlib import Path

import anyio
import pytest

import portraitkit as pk
from portraitkit.limits import redis_limiter as sharing
from portraitkit.limits.limiter import ProcessLimiter
from portraitkit.limits.rates import Rate
from portraitkit.limits.redis_limiter import RedisLimiter, shared
from portraitkit.values import errors
from portraitkit.values.secret import Secret

TEN = Rate(most=10)


def limiter_on(server):
    return RedisLimiter(Secret(server.url), spare=ProcessLimiter())


def reserve(limiter, key, rate=TEN):
    return limiter.reserve(key, rate, now_s=0.0, within_s=600.0)


def test_processes_and_threads_together_keep_to_the_rate(redis_server, key):
    """Three processes of four threads each get together what one account may send, and no more."""
    until = time.time() + 3.0
    script = Path(__file__).parent / "crowd.py"
    arguments = [redis_server.url, key[2], "50", "4", str(until)]
    crowd = [
        subprocess.Popen([sys.executable, str(script), *arguments], stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    times = [[float(text) for text in each.communicate()[0].split()] for each in crowd]
    sent = sorted(itertools.chain(*times))
    took_s = sent[-1] - sent[0]
    rate = Rate(most=50)

    assert [0, 0, 0] == [each.returncode for each in crowd]
    assert rate.burst + took_s / rate.interval_s + 2 >= len(sent)
    assert len(sent) >= 0.7 * took_s / rate.interval_s
    assert all(mine for mine in times)


def test_keys_run_out_by_themselves(redis_server, key):
    """A Redis is not filled with accounts that rest."""
    limiter = limiter_on(redis_server)
    limiter.hold(reserve(limiter, key), now_s=0.0, hold_s=1.0)
    names = list(limiter._redis.scan_iter(f"*{key[2]}*"))

    assert 2 == len(names)
    assert all(limiter._redis.pttl(name) > 0 for name in names)


def _child(url, name, report):
    limiter = shared(Secret(url))
    report.send(reserve(limiter, ("vendor", "account", name), Rate(most=1, window_s=60)).due_s)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system has no fork"
)
def test_a_forked_child_shares_on(redis_server, key):
    """A limiter that was used before a fork works in the child, on a connection of its own."""
    limiter = shared(Secret(redis_server.url))
    first = reserve(limiter, key, Rate(most=1, window_s=60))
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    child = context.Process(target=_child, args=(redis_server.url, key[2], there))
    child.start()
    second_s = here.recv()
    child.join()
    third = reserve(limiter, key, Rate(most=1, window_s=60))

    assert 0.0 == first.due_s
    assert 59 < second_s <= 61
    assert 118 < third.due_s <= 121


# -- without the Redis -----------------------------------------------------------------------------


def test_without_the_redis_the_process_goes_on_alone(own_server, key, caplog, monkeypatch):
    """A Redis that goes away is told once and costs no request; when it is back, it is used."""
    monkeypatch.setattr(sharing, "AWAY_S", 0.2)
    limiter = limiter_on(own_server)
    waiting = [reserve(limiter, key) for _ in range(3)][-1]
    assert 0 < limiter.wait_s(waiting, now_s=0.0, within_s=60.0)
    own_server.stop()
    with caplog.at_level(logging.INFO, "portraitkit"):
        assert 0.0 == limiter.wait_s(waiting, now_s=waiting.due_s, within_s=60.0)
        time.sleep(0.25)
        alone = [reserve(limiter, key) for _ in range(3)]
        waits = [limiter.wait_s(reservation, now_s=0.0, within_s=60.0) for reservation in alone]
        own_server.start()
        time.sleep(0.25)
        again = reserve(limiter, key)
    said = [(each.levelname, each.getMessage()) for each in caplog.records]

    assert [0.0, 0.0, pytest.approx(TEN.interval_s)] == waits
    assert (False, True) == (alone[0].shared, again.shared)
    assert ["WARNING", "INFO"] == [level for level, _ in said]
    assert "ConnectionError" in said[0][1]
    assert "hunter2" not in str(said)


def test_a_hold_outlives_the_redis(own_server, key):
    """Where the Redis takes no hold, the process keeps it: of turns the Redis gave, and its own."""
    limiter = limiter_on(own_server)
    reservation = reserve(limiter, key)
    own_server.stop()
    for hold_s in (10.0, 20.0):
        limiter.hold(reservation, now_s=0.0, hold_s=hold_s)
        reservation = reserve(limiter, key)

        assert (False, hold_s) == (reservation.shared, reservation.due_s)


def test_a_wrong_password_stops_nobody(own_server, key, caplog):
    """The server refuses, the process goes on alone, and no text shows either password."""
    url = own_server.url.replace("hunter2", "wrong-hunter3")
    limiter = RedisLimiter(Secret(url), spare=ProcessLimiter())
    reservation = reserve(limiter, key)

    assert not reservation.shared
    assert "AuthenticationError" in caplog.text
    assert "hunter" not in caplog.text + repr(limiter) + repr(vars(limiter))


def test_a_dead_redis_is_asked_once(tmp_path, key, monkeypatch):
    """The first failure is enough: others of the same seconds do not try."""
    limiter = RedisLimiter(Secret(f"unix://{tmp_path}/nobody.sock"), spare=ProcessLimiter())
    tried, held_s = [], limiter._held_s
    monkeypatch.setattr(limiter, "_held_s", lambda key: tried.append(key) or held_s(key))
    for _ in range(20):
        _ = reserve(limiter, key)

    assert [key] == tried


# -- configuration ---------------------------------------------------------------------------------


def profile(tmp_path, line, monkeypatch):
    monkeypatch.setenv("LIMITER", line)
    path = tmp_path / "portraitkit.toml"
    text = '[profiles.alltoken]\napi_key = "env:KEY"\nrate_limiter = "env:LIMITER"\n'
    _ = path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("KEY", "sk-not-a-real-key-0123456789")
    return path


def test_clients_of_a_profile_share_its_redis(redis_server, tmp_path, monkeypatch):
    """`connect` and `connect_async` use one limiter for one URL."""
    config = profile(tmp_path, redis_server.url, monkeypatch)
    client, aclient = (
        pk.connect("alltoken", config=config),
        pk.connect_async("alltoken", config=config),
    )

    assert isinstance(client.driver._limiter, RedisLimiter)
    assert client.driver._limiter is aclient.driver._limiter
    client.close()
    anyio.run(aclient.close)


@pytest.mark.parametrize(
    "url",
    [
        "http://:hunter2-secret@127.0.0.1",
        "redis://:hunter2-secret@127.0.0.1:port/0",
        "hunter2-secret",
    ],
)
def test_what_is_no_redis_is_a_config_error(url, tmp_path, monkeypatch):
    """The error names the key and what to write, and shows nothing of the address."""
    config = profile(tmp_path, url, monkeypatch)
    with pytest.raises(errors.ConfigError) as caught:
        _ = pk.connect("alltoken", config=config)
    ours = caught.tb.tb_next  # without this test's own variables
    told = traceback.TracebackException(
        caught.type, caught.value, ours, capture_locals=True
    ).format()

    assert "rate_limiter" == caught.value.field
    assert "redis://, rediss:// or unix://" in caught.value.next_step
    assert "hunter2" not in "".join(told)


def test_a_missing_extra_names_the_pip_command(tmp_path, monkeypatch):
    """Without the packages the error says what to install."""
    config = profile(tmp_path, "redis://127.0.0.1", monkeypatch)
    monkeypatch.setitem(sys.modules, "portraitkit.limits.redis_limiter", None)
    with pytest.raises(errors.ConfigError) as caught:
        _ = pk.connect("alltoken", config=config)

    assert "pip install 'portraitkit[redis]'" == caught.value.next_step
    assert "rate_limiter" == caught.value.field
