"""What is installed: names, version, types, entry points, and how little an import does."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import import_module, metadata
from importlib.resources import files
from pathlib import Path

import pytest
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager

import portraitkit
from portraitkit.operations.provider import PortraitProvider

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ENTRIES = PROJECT["entry-points"]["portraitkit.providers"]


def in_a_fresh_interpreter(code):
    """Run code in an empty environment; what it prints comes back."""
    done = subprocess.run(
        [sys.executable, "-I", "-X", "dev", "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def test_public_names_are_sorted_and_complete():
    """`__all__` is in order, without repeats, and every name in it loads."""
    names = portraitkit.__all__

    assert sorted(set(names)) == names
    for name in names:
        assert getattr(portraitkit, name) is not None
    assert set(names) <= set(dir(portraitkit))


def test_type_checkers_see_the_same_names():
    """What is imported for them is what loads."""
    source = files("portraitkit").joinpath("__init__.py").read_text(encoding="utf-8")
    shown: dict[str, object] = {"__package__": "portraitkit", "__name__": "portraitkit"}
    exec(source.partition("\n__version__")[0].replace("= False", "= True", 1), shown)
    named = {name for name in shown if not name.startswith("_")} - {"TYPE_CHECKING", "annotations"}

    assert set(portraitkit.__all__) == named
    for name in named:
        assert shown[name] is getattr(portraitkit, name)


def test_every_error_is_public():
    """Nobody has to import from inside to catch something."""
    tree = import_module("portraitkit.values.errors")
    errors = {
        name
        for name, value in vars(tree).items()
        if isinstance(value, type) and issubclass(value, tree.PortraitError)
    }

    assert errors <= set(portraitkit.__all__)


def test_an_unknown_name_is_an_attribute_error():
    """As of any module; also for one that looks like an error."""
    for name in ("nonsense", "NonsenseError"):
        with pytest.raises(AttributeError, match=f"no attribute '{name}'"):
            getattr(portraitkit, name)


def test_the_version_is_the_projects():
    """Module, project file and installed metadata say the same."""
    assert PROJECT["version"] == portraitkit.__version__
    assert PROJECT["version"] == metadata.version("portraitkit")


def test_the_package_is_typed():
    """Type checkers believe the annotations of an installed package."""
    assert files("portraitkit").joinpath("py.typed").is_file()


def test_the_entry_points_are_installed():
    """What the project file promises is what an installation offers."""
    installed = {each.name: each.value for each in _entries()}

    assert ENTRIES.items() <= installed.items()


def _entries():
    return metadata.entry_points(group="portraitkit.providers")


@pytest.mark.parametrize("name", ENTRIES)
def test_every_entry_point_is_a_provider(name):
    """It loads, is no abstract class, and calls itself what it is called."""
    (entry,) = {each.value: each for each in _entries() if each.name == name}.values()

    cls = entry.load()

    assert issubclass(cls, PortraitProvider)
    assert name == cls.name
    assert not cls.__abstractmethods__


def test_importing_loads_next_to_nothing():
    """No HTTP library, no adapter, none of the dependencies: an import costs a millisecond."""
    loaded = in_a_fresh_interpreter(
        "import sys; before = set(sys.modules); import portraitkit;"
        "print(*sorted(set(sys.modules) - before))"
    )

    assert {"portraitkit"} == set(loaded.split()) - {"__future__"}


@pytest.mark.parametrize(
    ("name", "never"),
    [
        ("PortraitError", ["httpx", "stamina", "anyio", "cattrs", "portraitkit.values.models"]),
        ("VideoRequest", ["httpx", "stamina", "anyio", "cattrs", "portraitkit.providers"]),
        ("GroupKind", ["httpx", "stamina", "anyio", "cattrs"]),
        ("explain_config", ["httpx", "stamina", "anyio", "cattrs"]),
        ("connect", ["portraitkit.providers.alltoken", "portraitkit.providers.xcompute", "PIL"]),
        ("provider_names", ["httpx", "stamina", "anyio", "portraitkit.providers.alltoken"]),
    ],
)
def test_a_name_loads_what_it_needs(name, never):
    """Catching an error loads no HTTP library, and connecting loads one adapter only."""
    loaded = in_a_fresh_interpreter(
        f"import sys; from portraitkit import {name}; print(*sorted(sys.modules))"
    )

    assert not [each for each in never if each in loaded.split()]


def test_comparing_loads_its_packages_when_it_measures():
    """A plan can be read without them, and `--help` is quick with them."""
    loaded = in_a_fresh_interpreter(
        "import sys, portraitkit.compare.delivered, portraitkit.compare.likeness;"
        "print(*sorted(sys.modules))"
    )

    assert not {"av", "c2pa", "dlib", "numpy", "PIL"} & set(loaded.split())


def test_connecting_loads_one_adapter():
    """The others stay on disk."""
    loaded = in_a_fresh_interpreter(
        "import sys, portraitkit;"
        "portraitkit.connect('alltoken', api_key='sk-not-a-real-key').close();"
        "print(*sorted(each for each in sys.modules if each.startswith('portraitkit.providers')))"
    )

    adapters = {value.partition(":")[0] for value in ENTRIES.values()}
    assert ["portraitkit.providers.alltoken"] == sorted(adapters & set(loaded.split()))


def test_importing_does_no_io_and_prints_nothing():
    """No socket, no file but Python's own modules, not a word."""
    said = in_a_fresh_interpreter(
        "import sys\n"
        "seen = []\n"
        "def watch(event, args):\n"
        "    if event.startswith(('socket.', 'subprocess.', 'os.system')):\n"
        "        seen.append(event)\n"
        "    if event == 'open' and not str(args[0]).endswith(('.py', '.pyc')):\n"
        "        seen.append(args[0])\n"
        "sys.addaudithook(watch)\n"
        "import portraitkit\n"
        "portraitkit.connect\n"
        "own = [each for each in seen if 'portraitkit' in str(each)]\n"
        "assert not own, own\n"
        "assert not [each for each in seen if str(each).startswith(('socket.c', 'sub'))], seen\n"
    )

    assert "" == said


def test_a_failing_call_prints_nothing():
    """Retries are logged, and without a handler they stay unheard."""
    said = in_a_fresh_interpreter(
        "import portraitkit as pk\n"
        "budget = pk.Budget(attempts=2, first_wait_s=0.01)\n"
        "with pk.connect('alltoken', api_key='sk-not-a-real-key', budget=budget,\n"
        "                base_url='http://127.0.0.1:9') as client:\n"
        "    try:\n"
        "        client.get_group('group-20260318035710-abcde')\n"
        "    except pk.ConnectionFailedError as error:\n"
        "        print(len(error.attempts))\n"
    )

    assert "2" == said.strip()


def test_a_release_leads_to_its_repository(monkeypatch):
    """A package index has none of the README's files: links are absolute, at the release's tag."""
    at = "https://host.example/owner/portraitkit"
    monkeypatch.setenv("PORTRAITKIT_REPOSITORY", at)

    core = ProjectMetadata(str(ROOT), PluginManager()).core

    links = re.findall(r"\]\(([^)]+)\)", core.readme)
    tag = re.compile(rf"{at}/(?:blob|raw)/v{re.escape(portraitkit.__version__)}/")
    assert len(links) > 40
    assert all((ROOT / tag.sub("", each).partition("#")[0]).exists() for each in links)
    assert all(map(tag.match, [*links, core.urls["Documentation"], core.urls["Changes"]]))
