"""
The conformance suite: what every adapter promises, whoever wrote it.

    from portraitkit.testing import ProviderContract

    class TestAcme(ProviderContract):
        contract_version = 1

        def provider(self): return Acme(api_key=Secret("one"))
        def other_account(self): return Acme(api_key=Secret("two"))
        def simulator(self): return AcmeSimulator()

pytest collects the class and runs every check. What the adapter overrides is exercised on the
simulator; what it does not override has to be refused before any request. A check cannot be taken
out: overriding, skipping or expecting one to fail is an error of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from ...wire.codec import is_array
from .checks_answers import AnswersChecks
from .checks_bodies import BodiesChecks
from .checks_changes import ChangesChecks
from .checks_handles import HandlesChecks
from .checks_offers import OffersChecks
from .checks_people import PeopleChecks
from .checks_results import ResultsChecks
from .checks_secrets import SecretsChecks
from .checks_videos import VideosChecks
from .checks_waits import WaitsChecks
from .checks_wire import WireChecks
from .looking import looking, require

__all__ = ["HOOKS", "ContractChangedError", "ProviderContract"]

VERSIONS: Final = (1,)
HOOKS: Final = frozenset(
    {
        "contract_version", "provider", "other_account", "simulator", "contract", "refusals",
        "documented_errors", "video", "pass_check", "many", "json_answer",
    }
)  # fmt: skip
"""What a subclass may define."""
_WEAK: Final = frozenset({"skip", "skipif", "xfail"})
_RULES: Final = frozenset(
    {"__test__", "__getattribute__", "__getattr__", "__init_subclass__", "__new__", "__init__"}
)


class ContractChangedError(Exception):
    """A conformance class leaves out, replaces or weakens a check."""


class ProviderContract(
    OffersChecks, ChangesChecks, PeopleChecks, HandlesChecks, WireChecks, SecretsChecks,
    AnswersChecks, ResultsChecks, WaitsChecks, VideosChecks, BodiesChecks,
):  # fmt: skip
    """
    Subclass it in a pytest file, name it Test…, and define three methods.

    Attributes:
        contract_version: The version of the suite that the adapter is held to: 1.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _refuse_changes(cls)

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Look once more as pytest collects: at marks, and at what was replaced since."""
        _refuse_marks(type(self), metafunc.definition.iter_markers())
        _refuse_changes(type(self))

    def test_the_suite_is_whole(self, request: Any) -> None:
        """The version is known, and no check is taken out."""
        version = type(self).contract_version
        require(
            version in VERSIONS,
            f"contract_version is {version!r}, and this portraitkit knows {VERSIONS}",
            "write contract_version = 1",
        )
        for item in request.session.items:
            if getattr(item, "cls", None) is type(self):
                _refuse_marks(type(self), item.iter_markers())


def checks() -> list[str]:
    """Name every check of the suite."""
    return [name for name in dir(ProviderContract) if name.startswith("test_")]


for _name in checks():
    setattr(ProviderContract, _name, looking(getattr(ProviderContract, _name)))


def _refuse_changes(cls: type) -> None:
    for base in cls.__mro__:
        if base in _OURS:
            continue
        for name, value in vars(base).items():
            if name == "pytestmark":
                _refuse_marks(cls, value if is_array(value) else [value])
            elif name in _RULES or name in _KEPT:
                raise ContractChangedError(
                    f"{cls.__name__} replaces {name}, which belongs to the conformance suite. It "
                    f"may define {', '.join(sorted(HOOKS))}, and tests under names of its own"
                )


def _refuse_marks(cls: type, marks: Iterable[Any]) -> None:
    for mark in marks:
        if getattr(mark, "name", "") in _WEAK:
            raise ContractChangedError(
                f"{cls.__name__} is marked {mark.name}: a conformance check cannot be skipped or "
                "expected to fail. What the vendor does not offer is not overridden in the "
                "adapter, and its checks then ask for a refusal; mend the rest"
            )


_OURS: Final = frozenset({*ProviderContract.__mro__})
_KEPT: Final = {
    name for base in _OURS for name in vars(base) if not re.fullmatch(r"__\w+__", name)
} - HOOKS
