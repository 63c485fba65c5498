"""Connections in small pools: to look through one pool's hundreds costs more than the request."""

from __future__ import annotations

from contextlib import ExitStack

import httpx
import pytest

from portraitkit.engine.connections import Clients

URL = "http://127.0.0.1:1"


class Loop:
    """Stands for an event loop."""


def lent(clients, loop, many):
    """Borrow so many clients at once, and give them back."""
    with ExitStack() as stack:
        several = clients.several(URL, loop)
        return [stack.enter_context(several.lend()) for _ in range(many)]


@pytest.fixture
def loop():
    return Loop()


def test_one_after_the_other_use_one_client(loop):
    """What is open is used again."""
    clients = Clients(lambda route: object(), None)

    assert 1 == len({lent(clients, loop, 1)[0] for _ in range(50)})


@pytest.mark.parametrize("many", [8, 9, 100, 1000])
def test_many_at_once_are_few_to_a_client(loop, many):
    """No client has more than eight at once, however many there are; all are used again."""
    clients = Clients(lambda route: object(), None)
    first, second = lent(clients, loop, many), lent(clients, loop, many)

    assert max(first.count(each) for each in first) <= 8
    assert set(first) == set(second) == clients.give_up(loop)


def test_a_client_of_the_callers_is_the_only_one(loop):
    """Its connections are its owner's to count."""
    with httpx.Client() as own:
        assert {own} == set(lent(Clients(lambda route: object(), own), loop, 100))


def test_what_fails_gives_its_place_back(loop):
    """An error does not leave a client occupied."""
    clients = Clients(lambda route: object(), None)
    for _ in range(50):
        with pytest.raises(ConnectionError), clients.several(URL, loop).lend():
            raise ConnectionError

    assert 1 == len(clients.give_up(loop))
