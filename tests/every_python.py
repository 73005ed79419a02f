"""``make test-all``: every test on every supported Python that the machine has, each in its own environment."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
ROOT = Path(__file__).parents[1]


def main() -> int:
    """Run the tests on each Python in turn; return 1 where there is none, or a test failed on one of them."""
    found = {version: python for version in VERSIONS if (python := find_python(version))}
    for version in VERSIONS:
        say(f"Python {version}: {found.get(version, 'not found')}")
    failed = [version for version, python in found.items() if not passes(version, python)]
    for version in found:
        say(f"Python {version}: {'failed' if version in failed else 'passed'}")
    return int(bool(failed) or not found)


def find_python(version: str) -> str:
    """Return the interpreter of a version, of the search path or else pyenv's newest, or an empty text."""
    return next((path for path in candidates(version) if is_python(path, version)), "")


def candidates(version: str) -> Iterator[str]:
    """Yield what may be an interpreter of that version; a shim of pyenv's may lead nowhere."""
    if on_path := shutil.which(f"python{version}"):
        yield on_path
    if pyenv := shutil.which("pyenv"):
        root = Path(output_of(pyenv, "root"))
        yield from map(str, sorted(root.glob(f"versions/{version}.*/bin/python"), key=patch_of, reverse=True))


def patch_of(python: Path) -> int:
    """Return the last number of pyenv's version of an interpreter, -1 where it has none."""
    patch = python.parts[-3].rpartition(".")[2]
    return int(patch) if patch.isdigit() else -1


def is_python(path: str, version: str) -> bool:
    """Say whether it runs, is of that version, and can make environments."""
    asked = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    return output_of(path, "-c", asked) == version


def output_of(*command: str) -> str:
    """Return what a command prints, without spaces around it; nothing where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode else done.stdout.strip()


def passes(version: str, python: str) -> bool:
    """Run the tests on one Python, in its own environment, and say whether all passed."""
    say(f"--- Python {version}")
    make = shutil.which("make") or "make"
    command = (make, "test", f"PYTHON={python}", f"VENV=.venv-{version}")
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def say(text: str) -> None:
    """Print at once, so that it stands before what the tests print."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
