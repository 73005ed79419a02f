"""What is installed and handed on: locked, with nobody's registry in it, and whole."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_names_versions_and_hashes_and_no_place(name: str) -> None:
    """Everything is pinned to a version and held to its hashes; where it comes from is the installer's matter."""
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.findall(r"^(?=[^\s#]).*(?:\n +--hash=.*)+", text, re.MULTILINE)

    assert len(entries) == len(re.findall(r"^[^\s#]", text, re.MULTILINE))
    assert [entry for entry in entries if not re.match(r"[a-z0-9._-]+==\S+ .*\\\n +--hash=sha256:", entry)] == []
    assert "://" not in text


def test_the_source_archive_has_what_its_readers_are_sent_to() -> None:
    """How to report a fault goes with the source, as the licence does."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = document["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]

    assert {"README.md", "SECURITY.md", "LICENSE"} <= set(included)
    assert [name for name in included if not (ROOT / name).exists()] == []
