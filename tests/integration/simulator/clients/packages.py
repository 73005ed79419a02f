"""Installs packages of PyPI and npm for tests, once, into a folder of the user's cache."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

PATIENCE_S = 60
_refused: dict[str, str] = {}
"""Why a program could not install packages, by its name: the next test does not wait for it again."""


def cache_folder() -> Path:
    """Return the folder for the packages; it is outside the repository, so that a fresh clone finds them too."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "webchat-provisioner-tests"


def installed(name: str, command: list[str], *contents: str) -> Path:
    """Return a folder with packages; ``command`` installs them into its working directory if they are not there.

    ``contents`` are what the command depends on: when one changes, the packages are installed anew. Skip the test
    when the command is missing or fails.
    """
    program = shutil.which(command[0])
    if program is None:
        pytest.skip(f"{command[0]} is not installed")
    digest = hashlib.sha256("\0".join([*command, *contents]).encode()).hexdigest()[:16]
    folder = cache_folder() / f"{name}-{digest}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="new-", ignore_cleanup_errors=True) as made:
        working = Path(made) / name
        working.mkdir()
        _run([program, *command[1:]], working)
        try:
            working.rename(folder)
        except OSError:
            # Another run of the tests was quicker.
            assert folder.is_dir()
    return folder


def _run(command: list[str], folder: Path) -> None:
    program = Path(command[0]).name
    if program not in _refused and (reason := _failure(command, folder)):
        _refused[program] = f"{program} {reason}"
    if program in _refused:
        pytest.skip(_refused[program])


def _failure(command: list[str], folder: Path) -> str:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        return f"did not answer within {PATIENCE_S} s"
    if done.returncode == 0:
        return ""
    said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
    return f"could not install the packages: {said}"


def python_packages(requirements: Path) -> Path:
    """Return a folder for ``PYTHONPATH`` with the packages of a requirements file with hashes."""
    flags = ["--quiet", "--python", sys.executable, "--require-hashes", "--target", "."]
    command = [sys.executable, "-m", "uv", "pip", "install", *flags, "-r", str(requirements.resolve())]
    return installed("python", command, requirements.read_text(encoding="utf-8"), sys.version)


def node_packages(name: str, versions: dict[str, str]) -> Path:
    """Return a folder for ``NODE_PATH`` with these packages of npm, whose own scripts are not run."""
    flags = [
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--no-package-lock",
        "--silent",
        "--fetch-retries=0",
        "--prefix",
        ".",
    ]
    wanted = [f"{package}@{version}" for package, version in sorted(versions.items())]
    return installed(name, ["npm", "install", "--fetch-retries=0", *flags, *wanted]) / "node_modules"
