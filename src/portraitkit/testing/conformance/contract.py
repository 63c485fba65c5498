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

from typing import Any, Final

from ...wire.codec import is_array
from .checks_answers import AnswersChecks
from .checks_handles import HandlesChecks
from .checks_offers import OffersChecks
from .checks_secrets import SecretsChecks
from .checks_videos import VideosChecks
from .checks_waits import WaitsChecks
from .checks_wire import WireChecks
from .suite import require

__all__ = ["HOOKS", "ContractChangedError", "ProviderContract"]

VERSIONS: Final = (1,)
HOOKS: Final = frozenset(
    {
        "contract_version",
        "provider",
        "other_account",
        "simulator",
        "contract",
        "refusals",
        "documented_errors",
        "video",
        "pass_check",
        "many",
        "json_answer",
    }
)
"""What a subclass may define."""
_WEAK: Final = frozenset({"skip", "skipif", "xfail"})
_RULES: Final = frozenset(
    {"__test__", "__getattribute__", "__getattr__", "__init_subclass__", "__new__", "__init__"}
)


class ContractChangedError(Exception):
    """A conformance class leaves out, replaces or weakens a check."""


class _Kept(type):
    """Refuses marks that take a check out, and checks that are replaced later."""

    def __setattr__(cls, name: str, value: Any) -> None:
        if name == "pytestmark":
            _refuse_marks(cls.__name__, value)
        elif name in HOOKS or name.startswith("_pytest") or not _is_kept(name):
            pass
        else:
            raise ContractChangedError(_replaced(cls.__name__, name))
        super().__setattr__(name, value)


class ProviderContract(
    OffersChecks,
    HandlesChecks,
    WireChecks,
    SecretsChecks,
    AnswersChecks,
    WaitsChecks,
    VideosChecks,
    metaclass=_Kept,
):
    """
    Subclass it in a pytest file, name it Test…, and define three methods.

    Attributes:
        contract_version: The version of the suite that the adapter is held to: 1.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for base in cls.__mro__:
            if base in _OURS:
                continue
            for name, value in vars(base).items():
                if name == "pytestmark":
                    _refuse_marks(cls.__name__, value)
                elif name in _RULES or (_is_kept(name) and name not in HOOKS):
                    raise ContractChangedError(_replaced(cls.__name__, name))

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Look at marks and checks as pytest collects them."""
        _refuse_marks(type(self).__name__, list(metafunc.definition.iter_markers()))
        for name in checks():
            if getattr(type(self), name, None) is not getattr(ProviderContract, name):
                raise ContractChangedError(_replaced(type(self).__name__, name))

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
                _refuse_marks(type(self).__name__, list(item.iter_markers()))


def checks() -> list[str]:
    """Name every check of the suite."""
    return [name for name in dir(ProviderContract) if name.startswith("test_")]


def _is_kept(name: str) -> bool:
    return any(name in vars(base) for base in _OURS) and not _is_bookkeeping(name)


def _is_bookkeeping(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and name not in _RULES


def _refuse_marks(cls: str, marks: Any) -> None:
    every: list[Any] = marks if is_array(marks) else [marks]
    for mark in every:
        if getattr(mark, "name", "") in _WEAK:
            raise ContractChangedError(
                f"{cls} is marked {mark.name}: a conformance check cannot be skipped or expected "
                "to fail. What the vendor does not offer is not overridden in the adapter, and "
                "its checks then ask for a refusal; mend the rest"
            )


def _replaced(cls: str, name: str) -> str:
    return (
        f"{cls} replaces {name}, which belongs to the conformance suite. It may define "
        f"{', '.join(sorted(HOOKS))}, and tests under names of its own"
    )


_OURS: Final = frozenset({*ProviderContract.__mro__})
