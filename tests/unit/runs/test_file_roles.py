"""Which files of a command may be one file, and which may not."""

import os
from collections.abc import Callable
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest

from provisioner.cli import COMMANDS
from provisioner.cli.config import TABLES
from provisioner.errors import UsageError
from provisioner.runs.command_files import PATH_OPTIONS
from provisioner.runs.file_roles import STREAM, FileRole, FileRoles, Use

SPELLINGS: dict[str, Callable[[Path], Path]] = {
    "the same name": lambda path: path,
    "through a folder": lambda path: path.parent / ".." / path.parent.name / path.name,
    "a symbolic link": lambda path: linked(path, Path.symlink_to),
    "a hard link": lambda path: linked(path, Path.hardlink_to),
    "a linked folder": lambda path: linked(path.parent, Path.symlink_to) / path.name,
}


def linked(path: Path, link: Callable[[Path, Path], None]) -> Path:
    """Make a link to ``path``, and return it."""
    other = path.parent / f"link-{path.name}"
    link(other, path)
    return other


def written(name: str, path: Path) -> FileRole:
    """Return a file that is written."""
    return FileRole(Use.WRITTEN, name, f"what {name} names", path)


@pytest.mark.parametrize("other", [Use.READ, Use.KEPT])
@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_what_is_needed_is_never_written(spell: Callable[[Path], Path], other: Use, tmp_path: Path) -> None:
    """However a file is spelt or linked, the refusal names both roles, the path and the cure."""
    path = tmp_path / "in.csv"
    path.write_text("id\n1\n", encoding="utf-8")
    name = spell(path)

    with pytest.raises(UsageError) as refusal:
        FileRoles([FileRole(other, "the input", "an input", path), written("-o", name)]).require_distinct()

    assert refusal.value.message.startswith(f"-o {name} is an input")
    assert "writing would replace it" in refusal.value.message
    assert refusal.value.cure == "give each file a name of its own"


def test_two_names_that_are_not_there_yet_are_one_file_by_where_they_lead(tmp_path: Path) -> None:
    """Folders may be links, and a link may lead to nothing yet; another name beside it is another file."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "way").symlink_to("folder")
    (tmp_path / "link").symlink_to("folder/new.csv")
    new = written("-o", tmp_path / "folder" / "new.csv")

    for other in ("folder/new.csv", "way/new.csv", "link"):
        with pytest.raises(UsageError, match="-o and --failed name the same file"):
            FileRoles([new, written("--failed", tmp_path / other)]).require_distinct()
    FileRoles([new, written("--failed", tmp_path / "way" / "other.csv")]).require_distinct()


def test_what_is_only_read_may_be_named_twice(tmp_path: Path) -> None:
    """Reading changes nothing."""
    path = tmp_path / "job.toml"
    path.touch()

    FileRoles(
        [FileRole(Use.READ, "--map", "the map", path), FileRole(Use.READ, "--config", "it", path)]
    ).require_distinct()


def test_what_is_no_file_is_not_compared(tmp_path: Path) -> None:
    """``/dev/null``, pipes and the standard streams may be named as often as anybody likes."""
    os.mkfifo(tmp_path / "pipe")
    for path in (Path(os.devnull), tmp_path / "pipe", Path("a\0b")):
        FileRoles([written("-o", path), written("--log-file", path)]).require_distinct()


def test_a_stream_that_was_led_into_a_file_is_that_file(tmp_path: Path) -> None:
    """``run - -o in.csv < in.csv`` would replace what it reads."""
    path = tmp_path / "in.csv"
    path.touch()
    kept, led = os.dup(0), os.open(path, os.O_RDONLY)
    os.dup2(led, 0)

    try:
        with pytest.raises(UsageError, match=r"in\.csv is an input -, and"):
            FileRoles(
                [FileRole(Use.READ, "the input", "an input", STREAM), written("-o", path)]
            ).require_distinct()
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(led)


def test_every_option_and_argument_that_names_a_file_has_its_use() -> None:
    """A new one cannot be forgotten: what is not known here is not compared."""
    named = {
        field.name
        for options in TABLES.values()
        for field in fields(options)
        if Path in (field.type, *get_args(field.type))
    }
    arguments = {
        parameter.name
        for name in COMMANDS
        for parameter in getattr(import_module(f"provisioner.cli.{name}"), name).params
        if parameter.param_type_name == "argument"
    }

    assert named == (PATH_OPTIONS.keys() - {"log_file", "config"}) | {"ledger"}
    assert arguments == {"files", "ledger", "ledgers", "made", "action", "of"}
