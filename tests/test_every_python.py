"""Which interpreters ``make test-all`` uses."""

from pathlib import Path

import pytest

from tests.every_python import find_python


def write_program(path: Path, script: str) -> str:
    """Write a shell script that anybody may run, and return where it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
    path.chmod(0o755)
    return str(path)


def test_an_interpreter_of_the_search_path_comes_before_those_of_pyenv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shim that leads nowhere is passed over, of several patch versions the newest is used, none is made up."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    write_program(tmp_path / "bin" / "pyenv", f"echo {tmp_path}")
    write_program(tmp_path / "bin" / "python3.12", "exit 127")
    write_program(tmp_path / "bin" / "python3.14", "echo 3.13")
    on_path = write_program(tmp_path / "bin" / "python3.11", "echo 3.11")
    for version in ("3.11.1", "3.12.9", "3.12.10", "3.12-dev"):
        write_program(tmp_path / "versions" / version / "bin" / "python", f"echo {version[:4]}")

    found = [find_python(version) for version in ("3.11", "3.12", "3.13", "3.14")]

    assert found == [on_path, str(tmp_path / "versions" / "3.12.10" / "bin" / "python"), "", ""]
