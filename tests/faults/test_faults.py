"""
Every operation, at every vendor, meets every fault; see `fault_list` and docs/fault-matrix.md.

One test plays all cells of one fault at one vendor with one client, and names those that fail.
"""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from fault_cells import Ground
from fault_front import OTHER_NAME, trusting
from fault_jobs import VENDORS
from fault_list import FAULTS, OF_FULL_SIZE
from fault_page import page_of, row_of
from fault_playing import play, play_async

PAGE = Path(__file__).parents[2] / "docs" / "fault-matrix.md"
STALE = "the page is out of date: run python tools/faults.py"
SHOWN = 12
# A sample is enough where flows are awaited: the clients differ in twelve lines below them.
PAIRS = [(vendor, fault) for vendor in VENDORS for fault in FAULTS]
ASYNCIO = PAIRS[::7]
TRIO = PAIRS[3::29]


def named(value):
    return getattr(value, "name", value)


def check(judged):
    problems = [problem for each in judged for problem in each.problems]

    assert not problems, "\n".join([f"{len(problems)} problems", *problems[:SHOWN]])


def test_without_a_fault_everything_is_as_documented(ground, tmp_path):
    """The starting point: each operation works, and each request and answer fits the contract."""
    fresh = Ground(ground.places, tmp_path)
    for vendor in VENDORS:
        _ = fresh.furnish(vendor)

    assert [] == ground.places.front.failures
    assert set(VENDORS) == {vendor for vendor, _ in fresh.normal}


@pytest.mark.matrix
@pytest.mark.outside_the_contract
@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_a_fault_loses_nothing_and_costs_nothing_twice(ground, outcomes, vendor, fault):
    """Whatever happens on the wire, a call ends with what the page promises."""
    judged = play(ground, ground.cells(vendor, fault))
    outcomes["blocking"] += judged

    check(judged)


@pytest.mark.matrix
@pytest.mark.outside_the_contract
@pytest.mark.parametrize(("vendor", "fault"), ASYNCIO, ids=named)
def test_nor_does_it_under_asyncio(ground, outcomes, vendor, fault):
    """The asynchronous client ends every call in the same way."""
    judged = play_async(ground, ground.cells(vendor, fault), "asyncio")
    outcomes["asyncio"] += judged
    blocking = {each.cell.key: each.word for each in outcomes["blocking"]}

    check(judged)
    assert [] == [
        each.cell for each in judged if each.word != blocking.get(each.cell.key, each.word)
    ]


@pytest.mark.matrix
@pytest.mark.outside_the_contract
@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
@pytest.mark.parametrize(("vendor", "fault"), TRIO, ids=named)
def test_nor_does_it_under_trio(ground, outcomes, vendor, fault):
    """And so it does in trio's loop."""
    judged = play_async(ground, ground.cells(vendor, fault), "trio")
    outcomes["trio"] += judged

    check(judged)


@pytest.mark.outside_the_contract
def test_the_largest_answer_is_8_mib(ground):
    """One vendor's cells with answers of the real size: the others have a smaller limit."""
    cells = ground.cells("xcompute", OF_FULL_SIZE)

    check(play(ground, cells))
    check(play_async(ground, cells, "asyncio"))


def test_the_certificate_is_good_but_for_its_name(ground):
    """What stops the client is the name: under the right one, the handshake succeeds."""
    masked = ground.places.masked
    with httpx.Client(verify=trusting(), trust_env=False) as client:
        with pytest.raises(httpx.ConnectError, match=r"IP address mismatch|Hostname mismatch"):
            client.get(masked.url)
        with pytest.raises(httpx.RemoteProtocolError):
            client.get(masked.url, extensions={"sni_hostname": OTHER_NAME})

    assert masked.heard[0].startswith(b"GET /")
    masked.heard.clear()


@pytest.mark.outside_the_contract
def test_the_page_tells_what_happened(ground, outcomes):
    """docs/fault-matrix.md says what these very cells came to; of a part of them, those rows."""
    judged = outcomes["blocking"]
    played = {(each.cell.vendor, each.cell.fault.name) for each in judged}
    wanted = {(v, f.name) for f in FAULTS for v in VENDORS if ground.cells(v, f)}
    page = PAGE.read_text(encoding="utf-8")
    whole = [f.name for f in FAULTS if {w for w in wanted if w[1] == f.name} <= played]

    assert [] == [name for name in whole if row_of(name, judged) not in page], STALE
    assert played != wanted or page_of(judged) == page, STALE
