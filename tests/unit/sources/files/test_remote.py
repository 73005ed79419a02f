"""Rules of inputs at an address, with fsspec's file system in memory in place of an object store."""

import gzip
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from provisioner.errors import InputError
from provisioner.options import InputOptions
from provisioner.sources import open_sources
from provisioner.sources.files import remote

OPTIONS = InputOptions()
CSV = b"name\nAda\nGrace\n"


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Make the file system in memory one that is read, and empty it at the end."""
    monkeypatch.setitem(remote.FILE_SYSTEMS, "memory", "fsspec")
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def _read(*names: str) -> list[tuple[str, list[Any]]]:
    with open_sources(names, OPTIONS) as sources:
        return [(source.name, [record.values for record in source.records()]) for source in sources]


def test_an_object_has_the_fingerprint_of_the_same_bytes_in_a_file(memory: Any, tmp_path: Path) -> None:
    """Size and digest are those of the stored bytes, compressed as they are; every pass reads the same ones."""
    stored = gzip.compress(CSV)
    memory.pipe("/bucket/a.csv.gz", stored)
    file = tmp_path / "a.csv.gz"
    file.write_bytes(stored)

    with open_sources(["memory://bucket/a.csv.gz", str(file)], OPTIONS) as (there, here):
        memory.pipe("/bucket/a.csv.gz", b"name\nSomebody else\n")
        passes = [[record.values for record in source.records()] for source in (there, there, here)]
        first, second = there.fingerprint(), here.fingerprint()

    assert (first.size, first.sha256) == (second.size, second.sha256)
    assert first.name == "memory://bucket/a.csv.gz"
    assert passes == [[["Ada"], ["Grace"]]] * 3


def test_a_pattern_stands_for_its_objects_in_sorted_order(memory: Any) -> None:
    """Folders are none of them, and an object whose name is the pattern is that object."""
    for name in ("b.csv", "a.csv", "deep/c.csv", "x.csv/in.txt", "d[1].csv"):
        memory.pipe(f"/bucket/{name}", CSV)

    assert [name for name, _ in _read("memory://bucket/[ab].csv")] == [
        "memory://bucket/a.csv",
        "memory://bucket/b.csv",
    ]
    assert len(_read("memory://bucket/*.csv")) == 3
    assert [name for name, _ in _read("memory://bucket/d[1].csv")] == ["memory://bucket/d[1].csv"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("memory://bucket/none.csv", "memory://bucket/none.csv: does not exist"),
        ("memory://bucket/*.json", "matches no object"),
        ("memory://bucket", "is a folder"),
        ("memory://bucket/a.csv?sig=secret", "a.csv?***: has a query"),
        ("memory://bucket/a.csv?***", "has *** in place of a secret"),
        ("ftp://ada:secret@host/a.csv", "ftp://***: is an address of a kind that is not read"),
        ("simplecache::https://ada:secret@host/a.csv", "simplecache://***: is an address of a kind that is not"),
    ],
)
def test_an_object_that_cannot_be_read_is_an_error_with_its_cure(memory: Any, name: str, message: str) -> None:
    """The error names the address, and nothing in it is a secret."""
    memory.pipe("/bucket/a.csv", CSV)

    with pytest.raises(InputError) as caught, open_sources([name], OPTIONS):
        pass

    assert message in caught.value.message
    assert caught.value.cure
    assert "secret@" not in f"{caught.value}{caught.value.cure}"
    assert "=secret" not in f"{caught.value}{caught.value.cure}"


def test_an_object_named_twice_is_an_error(memory: Any) -> None:
    """Also when a pattern finds it once more."""
    memory.pipe("/bucket/a.csv", CSV)

    with pytest.raises(InputError, match="is the same input as"):
        _read("memory://bucket/a.csv", "memory://bucket/*.csv")


class _Torn:
    """Stream of an object that ends early, or is written to meanwhile."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int = -1) -> bytes:
        data, self._data = self._data, b""
        return data

    def close(self) -> None:
        pass


def test_half_an_object_is_never_read_as_a_whole_one(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came is counted, and what the file system knows of the object is asked before and after."""
    for name in ("a", "later"):
        memory.pipe(f"/bucket/{name}.csv", CSV)
    monkeypatch.setattr(memory, "open", lambda *_args, **_how: _Torn(CSV[:5]))
    with pytest.raises(InputError, match=r"was cut short: 5 of 15 bytes came"):
        _read("memory://bucket/a.csv")

    def write_meanwhile(*_args: object, **_how: object) -> _Torn:
        memory.cp_file("/bucket/later.csv", "/bucket/a.csv")
        return _Torn(CSV)

    monkeypatch.setattr(memory, "open", write_meanwhile)
    with pytest.raises(InputError, match="has changed while it was read"):
        _read("memory://bucket/a.csv")


def test_the_words_of_a_file_system_are_not_shown(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may quote addresses and credentials; the kind of the fault is enough."""
    kinds = {PermissionError: "must not be read", TimeoutError: "no answer in time", KeyError: "KeyError"}
    for kind, told in kinds.items():

        def fail(*_args: object, _kind: type[Exception] = kind) -> None:
            raise _kind("a-secret")

        monkeypatch.setattr(memory, "info", fail)
        with pytest.raises(InputError, match=told) as caught:
            _read("memory://bucket/a.csv")
        assert "a-secret" not in str(caught.value)
        assert caught.value.__cause__ is None


def test_a_package_that_is_not_installed_is_named_with_the_way_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The extra comes from this program's own copy, since no index has it."""
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(InputError, match="is read by fsspec and s3fs, which are not installed") as caught:
        _read("s3://bucket/a.csv")
    assert "from this program's own folder (pip install '.[objects]' s3fs)" in caught.value.cure

    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(InputError, match="is read by fsspec, which is not installed") as caught:
        _read("https://crm.example/a.csv")
    assert "(pip install '.[objects]')" in caught.value.cure


def test_a_file_address_is_a_file_of_this_machine(tmp_path: Path) -> None:
    """It needs no extra, and stands for the path: also a pattern, and with quoted characters."""
    (tmp_path / "two words.csv").write_bytes(CSV)

    for name in (f"file://{tmp_path}/two%20words.csv", f"file://localhost{tmp_path}/two words.csv"):
        assert [found for found, _ in _read(name)] == [f"{tmp_path}/two words.csv"]
    assert [found for found, _ in _read(f"file://{tmp_path}/*.csv")] == [f"{tmp_path}/two words.csv"]
    with pytest.raises(InputError, match="is not a file of this machine"):
        _read("file://elsewhere/a.csv")
