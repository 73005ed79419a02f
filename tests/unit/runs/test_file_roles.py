"""Which files of a command may be one file, and which may not."""

import os
from collections.abc import Callable
from dataclasses import fields
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import get_args

import pytest

from provisioner.cli import COMMANDS
from provisioner.cli.config import TABLES
from provisioner.errors import UsageError
from provisioner.models.output_columns import RESULT_COLUMNS
from provisioner.results.recognition import OutputKind
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


def test_a_file_is_replaced_only_by_one_of_its_kind(tmp_path: Path) -> None:
    """What this program did not write for the same purpose is refused by its name, unless that is insisted on."""
    contents = {
        OutputKind.RESULTS: ",".join(RESULT_COLUMNS),
        OutputKind.FAILED: "id,_status,_error_code,_error",
        OutputKind.METRICS: "# HELP provisioner_load_rows Rows.",
        None: "id,name\n1,Ana",
    }
    for (there, content), kind in product(contents.items(), OutputKind):
        path = tmp_path / f"{there and there.name}.csv"
        path.write_text(f"{content}\n", encoding="utf-8")
        roles = FileRoles([FileRole(Use.WRITTEN, "-o", "the output", path, kind)])

        roles.require_replaceable(overwrite=True)
        if there is kind:
            roles.require_replaceable(overwrite=False)
            continue
        with pytest.raises(UsageError) as refusal:
            roles.require_replaceable(overwrite=False)
        assert (
            refusal.value.message == f"-o {path} would replace {there or 'CSV of 2 columns'}, which is not {kind}"
        )
        assert refusal.value.cure == "choose another name, or add --overwrite to replace that file"


def test_nothing_is_lost_where_nothing_is(tmp_path: Path) -> None:
    """Empty files, pipes, devices, standard output and names of nothing may be anybody's."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    for path in (tmp_path / "pipe", tmp_path / "empty", tmp_path / "none", Path(os.devnull), STREAM, Path("a\0b")):
        FileRoles([FileRole(Use.WRITTEN, "-o", "it", path, OutputKind.RESULTS)]).require_replaceable(
            overwrite=False
        )


def test_a_file_that_cannot_be_read_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can tell whose it is."""
    path = tmp_path / "r.csv"
    path.write_text(",".join(RESULT_COLUMNS), encoding="utf-8")

    def refuse(*_arguments: object, **_how: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("provisioner.results.recognition.open_regular", refuse)

    with pytest.raises(UsageError, match="would replace a file that cannot be read"):
        FileRoles([FileRole(Use.WRITTEN, "-o", "it", path, OutputKind.RESULTS)]).require_replaceable(
            overwrite=False
        )
