"""Rules of what a name on the command line may stand for."""

import io
import os
import socket
import stat
import sys
import tempfile
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from provisioner.errors import InputError
from provisioner.options import InputOptions
from provisioner.sources import open_sources
from provisioner.sources.files.spool import spooled

OPTIONS = InputOptions()


def _write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text(f"name\n{name}\n")


def _names(*names: str) -> list[str]:
    with open_sources(names, OPTIONS) as sources:
        return [source.name for source in sources]


def test_files_keep_the_order_they_were_named_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are counted over all files in that order."""
    monkeypatch.chdir(tmp_path)
    _write(tmp_path, "b.csv", "a.csv")

    assert _names("b.csv", "a.csv") == ["b.csv", "a.csv"]


def test_a_glob_stands_for_its_files_in_sorted_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders and hidden files are left out, and the order does not hang on the disk."""
    monkeypatch.chdir(tmp_path)
    _write(tmp_path, "c.csv", "a.csv", "b.csv", ".hidden.csv", "z.txt")
    (tmp_path / "folder.csv").mkdir()

    assert _names("*.csv") == ["a.csv", "b.csv", "c.csv"]
    assert _names(str(tmp_path / "**" / "[bc].csv")) == [str(tmp_path / "b.csv"), str(tmp_path / "c.csv")]


def test_a_name_with_a_bracket_that_exists_is_no_glob(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shell may have expanded the pattern already."""
    monkeypatch.chdir(tmp_path)
    _write(tmp_path, "export [1].csv")

    assert _names("export [1].csv") == ["export [1].csv"]


@pytest.mark.parametrize(
    ("names", "message", "cure"),
    [
        (["gone.csv"], "gone.csv: does not exist", "check the name and the folder"),
        (["gone*.csv"], "gone*.csv: matches no file", "check the pattern and the folder"),
        (["."], ".: is a folder", "name the files in it, e.g. '*.csv'"),
        (["a.csv", "./a.csv"], "./a.csv: is the same input as a.csv", "name each input once"),
        (["a.csv", "link.csv"], "link.csv: is the same input as a.csv", "name each input once"),
        (["a.csv", "*.csv"], "a.csv: is the same input as a.csv", "name each input once"),
        (["-", "-"], "-: is the same input as -", "name each input once"),
        (["a.csv/b"], "a.csv/b: cannot be opened: not a directory", "check its name and permissions"),
        (["x" * 300], f"…{'x' * 199}: cannot be opened: file name too long", "check its name and permissions"),
        (["*" + "x" * 300], f"…{'x' * 199}: matches no file", "check the pattern and the folder"),
        (["a\0b"], "a\0b: is not the name of a file", "check the name"),
        (
            ["socket"],
            "socket: cannot be opened: it is a socket, not a regular file",
            "check its name and permissions",
        ),
    ],
)
def test_a_name_that_stands_for_no_input_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str], message: str, cure: str
) -> None:
    """The whole command line is checked before anything is sent."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"name\nAda\n")))
    _write(tmp_path, "a.csv")
    (tmp_path / "link.csv").symlink_to("a.csv")

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        with pytest.raises(InputError) as caught:
            _names(*names)

    assert (caught.value.message, caught.value.cure) == (message, cure)


def test_stdin_is_read_once_and_given_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is kept in a nameless file of this user alone, and gone with the context."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"name\n" + b"Ada\n" * 50_000)))

    with open_sources(["-"], OPTIONS, spool_dir=tmp_path) as (source,):
        first, second = source.records(), source.records()
        pairs = list(zip(first, second, strict=True))
        fingerprint = source.fingerprint()
        names = list(tmp_path.iterdir())

    assert source.name == fingerprint.name == "-"
    assert len(pairs) == 50_000
    assert fingerprint.size == 200_005
    assert names == []


def test_the_spool_belongs_to_this_user_alone(tmp_path: Path) -> None:
    """Customers' data is not left readable, nor lying about."""
    with spooled("-", io.BytesIO(b"name\nAda\n"), tmp_path) as raw_input, raw_input.opened() as stream:
        status = os.fstat(stream.fileno())

    assert stat.S_IMODE(status.st_mode) == 0o600
    assert status.st_nlink == 0


def test_a_pipe_is_kept_like_stdin(tmp_path: Path) -> None:
    """What a shell's process substitution gives can be read only once, too."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"name\nAda\n",))
    writer.start()

    with open_sources([str(pipe)], OPTIONS) as (source,):
        passes = [[record.values for record in source.records()] for _ in range(2)]
    writer.join()

    assert passes == [[["Ada"]], [["Ada"]]]


def test_a_spool_that_cannot_be_written_is_refused_with_a_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full or missing temporary folder is named as what it is."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"name\nAda\n")))

    with (
        pytest.raises(
            InputError, match="-: cannot be copied to a temporary file for the second pass: no"
        ) as caught,
        open_sources(["-"], OPTIONS, spool_dir=tmp_path / "gone"),
    ):
        pytest.fail("unreachable")

    assert caught.value.cure == f"make room in {tmp_path / 'gone'}"


def test_a_spool_in_the_usual_place_names_the_way_to_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder for temporary files is chosen by the environment."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"name\nAda\n")))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))

    with pytest.raises(InputError) as caught:
        _names("-")

    assert "TMPDIR" in caught.value.cure


def test_a_closed_stdin_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service may be started without any."""
    monkeypatch.setattr(sys, "stdin", None)

    with pytest.raises(InputError, match="stdin: is closed"):
        _names("-")


def test_dev_null_is_empty() -> None:
    """A device is read like a pipe."""
    with pytest.raises(InputError, match="/dev/null: is empty"):
        _names(os.devnull)
