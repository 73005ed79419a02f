"""``make test-all``: run all tests on every supported Python of this machine, each in its own environment."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
ROOT = Path(__file__).parents[1]


def main() -> int:
    """Run the tests on each Python in turn; return 1 if there is none or a test failed, else 0."""
    found = {version: python for version in VERSIONS if (python := find_python(version))}
    for version in VERSIONS:
        say(f"Python {version}: {found.get(version, 'not found')}")
    failed = [version for version, python in found.items() if not passes(version, python)]
    for version in found:
        say(f"Python {version}: {'failed' if version in failed else 'passed'}")
    return int(bool(failed) or not found)


def find_python(version: str) -> str:
    """Return the path of an interpreter: from PATH, or else pyenv's newest; empty if there is none."""
    return next((path for path in candidates(version) if is_python(path, version)), "")


def candidates(version: str) -> Iterator[str]:
    """Yield possible interpreters of that version; pyenv's shims may point to a missing one."""
    if on_path := shutil.which(f"python{version}"):
        yield on_path
    if pyenv := shutil.which("pyenv"):
        root = Path(output_of(pyenv, "root"))
        yield from map(str, sorted(root.glob(f"versions/{version}.*/bin/python"), key=patch_of, reverse=True))


def patch_of(python: Path) -> int:
    """Return the patch number of a pyenv interpreter's version; -1 if it has none."""
    patch = python.parts[-3].rpartition(".")[2]
    return int(patch) if patch.isdigit() else -1


def is_python(path: str, version: str) -> bool:
    """Return whether ``path`` runs, has that version, and can create virtual environments."""
    asked = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    return output_of(path, "-c", asked) == version


def output_of(*command: str) -> str:
    """Return the stripped output of a command; empty if the command fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode else done.stdout.strip()


def passes(version: str, python: str) -> bool:
    """Run the tests on one Python in its own environment; return whether all passed."""
    say(f"--- Python {version}")
    make = shutil.which("make") or "make"
    command = (make, "test", f"PYTHON={python}", f"VENV=.venv-{version}")
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def say(text: str) -> None:
    """Print a line and flush it, so that it appears before the output of the tests."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
