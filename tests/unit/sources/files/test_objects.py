"""Rules of outputs at an address, with fsspec's file system in memory in place of an object store."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from provisioner.errors import StorageError, UsageError
from provisioner.results import atomic_write, check_writable
from provisioner.sources.files import remote
from provisioner.sources.files.objects import downloaded, object_address, shown_output


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Make the file system in memory one that is written, and empty it at the end."""
    monkeypatch.setitem(remote.FILE_SYSTEMS, "memory", "fsspec")
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def test_an_address_is_known_when_it_came_as_a_path() -> None:
    """``pathlib`` takes one of its slashes away; a password in it is not shown."""
    assert object_address(Path("memory://bucket/results.csv")) == "memory://bucket/results.csv"
    assert shown_output(Path("memory://ada:pw-1@bucket/results.csv")) == "memory://ada:***@bucket/results.csv"
    for name in ("results.csv", "/memory:/x", "https://host/results.csv", "-"):
        assert object_address(Path(name)) == ""


def test_an_object_is_written_whole_or_not_at_all(memory: Any) -> None:
    """Readers see the old one until the new one is complete, also when it never is."""
    path = Path("memory://bucket/results.csv")
    memory.pipe("/bucket/results.csv", b"old")

    def write(*, is_failing: bool) -> None:
        with atomic_write(path) as stream:
            stream.write(b"new and longer")
            stream.flush()
            assert memory.cat("/bucket/results.csv") == b"old"
            if is_failing:
                raise KeyError

    with pytest.raises(KeyError):
        write(is_failing=True)
    assert memory.cat("/bucket/results.csv") == b"old"
    write(is_failing=False)
    assert memory.cat("/bucket/results.csv") == b"new and longer"
    with downloaded(path) as copy, downloaded(Path("memory://bucket/none.csv")) as none:
        assert copy is not None
        assert (copy.name, copy.read_bytes(), none) == ("results.csv", b"new and longer", None)


def test_what_hinders_an_output_at_an_address_is_said_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern, a query, a package that is missing, and a store that cannot be asked; no secret is shown."""
    check_writable(Path("memory://bucket/results.csv"))
    for name, message in (
        ("memory://bucket/*.csv", "is a pattern"),
        ("memory://bucket/a.csv?key=pw-1", "has a query"),
        ("s3://bucket/a.csv", "s3fs, which are not installed"),
    ):
        with pytest.raises(UsageError, match=message) as raised:
            check_writable(Path(name))
        assert "pw-1" not in raised.value.message

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(type(fsspec.filesystem("memory")), "isfile", refuse)
    with pytest.raises(UsageError, match="with these credentials"):
        check_writable(Path("memory://bucket/a.csv"))


def test_an_upload_that_fails_says_what_is_not_written(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a file whose disk is full: with a cure, and without the text of a foreign error."""

    def fail(*_: object) -> None:
        raise ConnectionError("a text of theirs")

    monkeypatch.setattr(type(memory), "put_file", fail)
    with (
        pytest.raises(StorageError, match="not written") as raised,
        atomic_write(Path("memory://bucket/a.csv")) as stream,
    ):
        stream.write(b"1")
    assert "theirs" not in raised.value.message
    assert "credentials" in raised.value.cure
