"""
Strangers' packages: installed into a clean environment, whose dependencies are this one's.

In this process Kestrel can be imported, too, for tests of what the core does with such a vendor.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parent.parent
ACME, KESTREL = (ROOT / "examples" / f"portraitkit-{name}" for name in ("acme", "kestrel"))
sys.path.append(str(KESTREL / "src"))

from portraitkit_kestrel.provider import Kestrel  # noqa: E402, F401  (found by the line above)
from portraitkit_kestrel.simulator import (  # noqa: E402
    LINK_LIFE_S,  # noqa: F401
    KestrelSimulator,  # noqa: F401
)


def install(package, folder):
    """Install a copy of a package of `examples` below *folder*, and give the Python that has it."""
    run(sys.executable, "-m", "venv", "--without-pip", folder / "env")
    python = next((folder / "env").glob("[bS]*/python*"))
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])").strip()
    ours = [sysconfig.get_paths()["purelib"], str(ROOT / "src")]
    (Path(site) / "dependencies.pth").write_text("\n".join(ours) + "\n", encoding="utf-8")
    shutil.copytree(package, folder / "package")
    run(
        *(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps"),
        *("--no-index", "--no-build-isolation", "--disable-pip-version-check", folder / "package"),
    )
    return python


def run(*command, cwd=None):
    """Run a program; what it prints comes back."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=cwd)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def own_tests(python, folder):
    """What pytest says of the package's own tests, in its own environment."""
    return run(
        *(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "pyproject.toml", "tests"),
        cwd=folder / "package",
    )


def told_lines(section):
    """How many lines a section of docs/writing-a-provider.md says that each file has."""
    page = (ROOT / "docs" / "writing-a-provider.md").read_text(encoding="utf-8")
    part = page.partition(f"## {section}")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([\w./]+)` \| (\d+) \|", part, re.MULTILINE)
    return {name: int(count) for name, count in rows}


def counted_lines(package):
    """How many they have."""
    paths = [
        "pyproject.toml",
        "contract.yaml",
        *(str(each.relative_to(package)) for each in sorted((package / "src").rglob("*.py"))),
        *(str(each.relative_to(package)) for each in sorted((package / "tests").rglob("*.py"))),
    ]
    return {
        name: len((package / name).read_text(encoding="utf-8").splitlines())
        for name in paths
        if not name.endswith("__init__.py")
    }
