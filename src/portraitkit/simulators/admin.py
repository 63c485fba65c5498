"""
The interface at `/__admin/` of a served simulator: faults, clock, log, bills.

A thin face in JSON: each fate is a method of `World`, `Faults` or `Disorder`, and its members are
the method's arguments. No vendor has a path that begins so. A request with a body has to say that
it is JSON, which a foreign page in a browser cannot.
"""

from __future__ import annotations

import copy
import inspect
import json
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from fnmatch import fnmatch
from typing import Any, Final
from urllib.parse import urlsplit

import attrs
from attrs import define, field

from ..values.masking import masker
from ..values.secret import MASK
from ..wire.codec import is_array, is_object
from ..wire.steps import Request, Response
from .faults import Faults, When
from .notices import Disorder, NoticeSender
from .simulator import Simulator, bearer_of, header, query_of
from .state import World

PATH: Final = "/__admin/"
FATES: Final[Mapping[str, Callable[..., object]]] = {
    "fail_next": Faults.fail_next,
    "refuse_next": Faults.refuse_next,
    "slow_next": Faults.slow_next,
    "approve_scan": World.approve_scan,
    "refuse_scan": World.refuse_scan,
    "ignore_scan": World.ignore_scan,
    "reject_asset": World.reject_asset,
    "fail_video": World.fail_video,
    "fill_quota": World.fill_quota,
    "slow_down": World.slow_down,
    "disorder_notices": Disorder,
}
WHEN: Final = ("method", "path", "action", "contains")
_KINDS: Final = {
    "float": ("a number of 0 or more", (int, float)),
    "int": ("a whole number of 0 or more", (int,)),
    "bool": ("true or false", (bool,)),
    "str": ("a text", (str,)),
}
_SECRET_MEMBERS: Final = frozenset({"bytedtoken", "h5link", "apikey", "sessiontoken", "token"})
_LONGEST_TEXT: Final = 2000
_STATUSES: Final = range(200, 600)
_LARGEST: Final = 1e9
_KEPT: Final = frozenset({"clock", "client_clock", "accounts", "_count"})
"""What a reset leaves: ids are never given out twice."""


class AdminError(Exception):
    """A request that cannot be done; its text says what was wrong."""


def members_of(fate: str) -> dict[str, inspect.Parameter]:
    """The members that a fate takes, by the arguments of its method."""
    found = inspect.signature(FATES[fate]).parameters
    return {name: each for name, each in found.items() if name != "self"}


@define
class Admin:
    """
    The interface of one simulator.

    Attributes:
        faults: What happens to requests before they reach the simulator.
        notices: Sends the simulator's notices; None if nobody does.
    """

    simulator: Simulator
    faults: Faults
    notices: NoticeSender | None = None
    _at_first: dict[str, Any] = field(init=False, factory=dict[str, Any])

    def __attrs_post_init__(self) -> None:
        self._at_first = {name: copy.copy(value) for name, value in self._knobs().items()}

    def answer(self, request: Request) -> Response:
        """Answer a request below `PATH`."""
        place = urlsplit(request.url).path.removeprefix(PATH).strip("/")
        try:
            return self.simulator.json(self._do(request, place))
        except AdminError as error:
            return self.simulator.json({"error": str(error)}, 400)

    def _do(self, request: Request, place: str) -> object:
        routes: dict[str, dict[str, Callable[..., object]]] = {
            "": {"GET": self._schema},
            "health": {"GET": self._health},
            "reset": {"POST": self._reset},
            "fates": {"GET": self._fates, "POST": self._fate, "DELETE": self._clear},
            "latency": {"POST": self._latency},
            "clock": {"GET": self._clock, "POST": self._move_clock},
            "log": {"GET": self._log},
            "bills": {"GET": self._bills},
            "callbacks": {"GET": self._callbacks},
            "seed": {"POST": self._seed},
        }
        if place not in routes:
            raise AdminError(_unknown("place", place, routes))
        act = routes[place].get(request.method)
        if act is None:
            raise AdminError(f"{PATH}{place} takes {' and '.join(routes[place])}")
        return act(_body(request)) if request.method == "POST" else act()

    def _schema(self) -> object:
        return {
            "vendor": self.simulator.name,
            "fates": {
                name: {k: _described(p) for k, p in members_of(name).items()} for name in FATES
            },
            "when": list(WHEN),
        }

    def _health(self) -> object:
        return {"status": "ok", "vendor": self.simulator.name, "url": self.simulator.base_url}

    def _knobs(self) -> dict[str, Any]:
        world = self.simulator.world
        names = [each.name for each in attrs.fields(World) if each.name not in _KEPT]
        return {name: getattr(world, name) for name in names}

    def _reset(self, body: Mapping[str, Any]) -> object:
        _only(body, ())
        for name, value in self._at_first.items():
            setattr(self.simulator.world, name, copy.copy(value))
        self.simulator.seen.clear()
        self.faults.clear()
        self.faults.latency_s = 0.0
        if self.notices:
            self.notices.clear()
        return {}

    # -- fates -----------------------------------------------------------------------------------

    def _fates(self) -> object:
        waiting = [
            {"fate": each.name, "times": each.times, "passed": each.passed}
            for each in self.faults.waiting
        ]
        disorder = attrs.asdict(self.notices.disorder) if self.notices else None
        return {"waiting": waiting, "latency_s": self.faults.latency_s, "notices": disorder}

    def _clear(self) -> object:
        self.faults.clear()
        return self._fates()

    def _fate(self, body: Mapping[str, Any]) -> object:
        name = body.get("fate")
        if not isinstance(name, str) or name not in FATES:
            raise AdminError(_unknown("fate", name, FATES))
        members = members_of(name)
        given = {key: value for key, value in body.items() if key != "fate"}
        _only(given, members)
        for key, parameter in members.items():
            if key in given:
                given[key] = _read(key, given[key], parameter)
            elif parameter.default is inspect.Parameter.empty:
                raise AdminError(f"{name} needs {key}: {_described(parameter)}")
        self._apply(name, given)
        return self._fates()

    def _apply(self, name: str, given: Mapping[str, Any]) -> None:
        if name == "disorder_notices":
            if self.notices is None:
                raise AdminError("this server sends no notices")
            self.notices.disorder = Disorder(**given)
        elif hasattr(Faults, name):
            _ = getattr(self.faults, name)(**given)
        else:
            _ = getattr(self.simulator.world, name)(**given)

    def _latency(self, body: Mapping[str, Any]) -> object:
        self.faults.latency_s = _number(body, "seconds")
        return self._fates()

    # -- time ------------------------------------------------------------------------------------

    def _clock(self) -> object:
        world = self.simulator.world
        return {"now": world.now().isoformat(), "speed": getattr(world.clock, "speed", 0)}

    def _move_clock(self, body: Mapping[str, Any]) -> object:
        _only(body, ("advance_s", "speed"))
        clock: Any = self.simulator.world.clock
        if not body:
            raise AdminError("give advance_s, speed, or both")
        if "advance_s" in body:
            clock.advance(_number(body, "advance_s"))
        if "speed" in body:
            if not hasattr(clock, "speed"):
                raise AdminError("speed: this clock stands still, and can be advanced only")
            if not (speed := _number(body, "speed")):
                raise AdminError("speed has to be a number above 0")
            clock.speed = speed
        return self._clock()

    # -- what was seen ---------------------------------------------------------------------------

    def _log(self) -> object:
        accounts = self.simulator.world.accounts.values()
        keys = [
            each
            for a in accounts
            for each in (a.api_key, a.access_key, a.secret_key, a.session_token, a.library_key)
        ]
        sent = [bearer_of(each) for each in self.simulator.seen]
        tokens = list(self.simulator.world.checks)
        hide = masker({*filter(None, [*keys, *sent, *tokens])}, in_paths=True)
        shown = [_shown(each) for each in self.simulator.seen]
        requests: object = json.loads(hide(json.dumps(shown, ensure_ascii=False)))
        return {"requests": requests}

    def _bills(self) -> object:
        found: dict[str, dict[str, int]] = {}
        for (account, kind), count in self.simulator.world.billed.items():
            found.setdefault(account, {})[kind] = count
        return {"billed": found}

    def _callbacks(self) -> object:
        return {"deliveries": self.notices.to_list() if self.notices else []}

    def _seed(self, body: Mapping[str, Any]) -> object:
        _only(body, ("groups",))
        rows = body.get("groups")
        if not is_array(rows) or not rows:
            raise AdminError('seed needs groups: [{"name": "Mia", "assets": ["front"]}]')
        return {"groups": [self._group(row) for row in rows]}

    def _group(self, row: object) -> object:
        if not is_object(row):
            raise AdminError("each of groups is an object with a name")
        _only(row, ("name", "assets", "real_person"))
        name, assets = row.get("name"), row.get("assets", [])
        if not isinstance(name, str) or not is_array(assets):
            raise AdminError("a group's name is a text, and its assets are a list of names")
        world = self.simulator.world
        account = next(iter(world.accounts.values()), None)
        if account is None:
            raise AdminError("there is no account to seed")
        real = row.get("real_person") is True
        group = world.add_group(account, world.new_id("group"), name, real_person=real)
        made = [self.simulator.seed_asset(group, str(each)) for each in assets]
        shown = [{"id": each.id, "name": each.name} for each in made]
        return {"id": group.id, "name": group.name, "assets": shown}


def _body(request: Request) -> Mapping[str, Any]:
    if header(request, "content-type").partition(";")[0].strip().lower() != "application/json":
        raise AdminError("say that the body is JSON: Content-Type: application/json")
    try:
        body: Any = json.loads(request.content or b"{}")
    except ValueError as error:
        raise AdminError(f"the body is not JSON: {error}") from None
    if not is_object(body):
        raise AdminError("the body has to be a JSON object")
    return body


def _unknown(what: str, given: object, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    near = get_close_matches(str(given), list(known), n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"there is no {what} {given!r}{hint} Known: {', '.join(filter(None, known))}"


def _only(body: Mapping[str, Any], known: Mapping[str, Any] | tuple[str, ...]) -> None:
    for key in body:
        if key not in known:
            raise AdminError(_unknown("member", key, known))


def _number(body: Mapping[str, Any], key: str) -> float:
    value = body.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LARGEST:
        raise AdminError(f"{key} has to be a number of 0 or more, not {value!r}")
    return float(value)


def _described(parameter: inspect.Parameter) -> str:
    if parameter.name == "when":
        return f"an object with any of {', '.join(WHEN)}"
    kind = str(parameter.annotation).partition(" |")[0]
    required = parameter.default is inspect.Parameter.empty
    return _KINDS[kind][0] + (", required" if required else f", {parameter.default!r} if left out")


def _read(key: str, value: Any, parameter: inspect.Parameter) -> Any:
    if key == "when":
        return _when(value)
    told, kinds = _KINDS[str(parameter.annotation).partition(" |")[0]]
    if not _fits(value, kinds):
        raise AdminError(f"{key} has to be {told}, not {value!r}")
    if (key == "status" and value not in _STATUSES) or (key in ("times", "at") and value == 0):
        raise AdminError(f"{key} is out of range: {value!r}")
    return value


def _fits(value: Any, kinds: tuple[type, ...]) -> bool:
    of_kind = isinstance(value, kinds) and isinstance(value, bool) is (bool in kinds)
    return of_kind and (int not in kinds or 0 <= float(value) < _LARGEST)


def _when(wanted: Any) -> When:
    if not is_object(wanted) or not all(isinstance(each, str) for each in wanted.values()):
        raise AdminError(f"when has to be an object of texts: {', '.join(WHEN)}")
    _only(wanted, WHEN)

    def when(request: Request) -> bool:
        found = {
            "method": request.method == wanted.get("method", request.method).upper(),
            "path": fnmatch(urlsplit(request.url).path, wanted.get("path", "*")),
            "action": query_of(request).get("Action") == wanted.get("action"),
            "contains": wanted.get("contains", "").encode() in request.content,
        }
        return all(found[key] for key in wanted)

    return when


def _shown(request: Request) -> object:
    query = query_of(request)
    shown: dict[str, Any] = {
        "method": request.method,
        "path": urlsplit(request.url).path,
        "query": {k: MASK if k.lower().startswith("x-") else v for k, v in query.items()},
        "content_type": header(request, "content-type").partition(";")[0],
        "bytes": len(request.content),
    }
    try:
        return {**shown, "body": _veiled(json.loads(request.content))}
    except ValueError:
        return shown


def _veiled(value: Any, name: str = "") -> Any:
    if is_object(value):
        return {key: _veiled(each, key) for key, each in value.items()}
    if is_array(value):
        return [_veiled(each, name) for each in value]
    if name.replace("_", "").lower() in _SECRET_MEMBERS:
        return MASK
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:20]}... ({len(value)} characters)"
    return value
