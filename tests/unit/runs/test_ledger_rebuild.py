"""A lost ledger is rebuilt where results and input prove to belong together, and nowhere else."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from provisioner.errors import LedgerError, StoppedError, UsageError
from provisioner.ledger import LedgerLocation, open_reader
from provisioner.mapping import Mapping
from provisioner.options import RunOptions
from provisioner.planning.input import open_input
from provisioner.results import COLUMNS, read_whole_results
from provisioner.runs.command_files import files_of_command
from provisioner.runs.ledger_rebuild import rebuild_lost_ledger
from provisioner.runs.named_ledger import ledger_of
from provisioner.signals import StopSignals
from tests.sids import conversation_sid, sid

ADDRESS = "IG" + 32 * "0"
HEADER = ",".join(COLUMNS)
NAMES = tuple(f"00{number}" for number in range(1, 6))


def results_of(folder: Path, keys: Sequence[str]) -> Path:
    """Write results in which a row of each key is created."""
    lines = [
        f"{row},{row + 1},in.csv,{key},created,{conversation_sid(row)},,,,201,1,,2026-03-01T00:00:00Z,1.5,"
        for row, key in enumerate(keys, start=1)
    ]
    path = folder / "results.csv"
    path.write_text("\n".join((HEADER, *lines, "")))
    return path


def files_in(folder: Path) -> list[str]:
    """Return the names of all files, hidden ones too."""
    return sorted(each.name for each in folder.iterdir())


async def rebuild(
    folder: Path,
    names: Sequence[str],
    results: Path,
    *,
    key: tuple[str, ...] = ("id",),
    mapping_file: Path | None = None,
    stop: StopSignals | None = None,
    may_lack_rows: bool = False,
) -> tuple[str, ...]:
    """Rebuild the ledger of a job with these customers."""
    source = folder / "in.csv"
    source.write_text("\n".join(("id,CustomerFriendlyName", *(f"{name},Customer {name}" for name in names), "")))
    mapping = Mapping.from_options(RunOptions(key=key, map=mapping_file), default_address=ADDRESS)
    with open_input([str(source)], RunOptions(), mapping) as job_input:
        return await rebuild_lost_ledger(
            LedgerLocation.parse(folder / "job.ledger"),
            results,
            job_input,
            mapping.settings(),
            stop=stop or StopSignals(),
            formula_guard=True,
            may_lack_rows=may_lack_rows,
        )


async def test_what_is_on_one_side_only_is_told(tmp_path: Path) -> None:
    """Results that are not in the input and rows that are not in the results are named, with their keys."""
    notes = await rebuild(tmp_path, (*NAMES[1:], "new"), results_of(tmp_path, NAMES), may_lack_rows=True)

    assert "rebuilt from" in notes[0]
    assert "created 5" in notes[0]
    assert notes[1].startswith("the input lacks 1 row of ")
    assert notes[1].endswith("with an outcome: 001 …")
    assert notes[2].endswith("lacks 1 row of the input, which will be created: new …")


async def test_results_without_their_end_are_refused(tmp_path: Path) -> None:
    """The rows that are lacking are counted and named; one that was invalid is not lacking, once it is fixed."""
    results = results_of(tmp_path, NAMES[:2])

    with pytest.raises(UsageError, match=r"lacks 3 rows of .*in\.csv, from row 3 on: 003, 004, 005 …") as refusal:
        await rebuild(tmp_path, NAMES, results)
    assert "--replace-input insists, if these rows came into" in refusal.value.cure
    assert files_in(tmp_path) == ["in.csv", "results.csv"]

    with results.open("a") as stream:
        stream.writelines(f"{row},{row + 1},in.csv,00{row},invalid,,,x,y,,,,,,\n" for row in (3, 4, 5))
    await rebuild(tmp_path, NAMES, results)
    with open_reader(LedgerLocation.parse(tmp_path / "job.ledger")) as reader:
        assert (reader.counts().created, reader.counts().pending) == (2, 3)


async def test_keys_that_a_spreadsheet_changed_are_refused(tmp_path: Path) -> None:
    """Their rows would be taken for new ones, however many of the others fit."""
    others = [f"crm-{number}" for number in range(4)]
    results = results_of(tmp_path, ("1", *others))

    with pytest.raises(UsageError, match="a spreadsheet has changed, as 1 for 001"):
        await rebuild(tmp_path, ("001", *others), results)

    assert files_in(tmp_path) == ["in.csv", "results.csv"]


@pytest.mark.parametrize("mapping", ["", '[key]\ncolumns = [["number", ""]]\n'])
async def test_without_a_key_every_row_of_the_results_has_to_be_in_the_input(tmp_path: Path, mapping: str) -> None:
    """Its content is the key then, so a row that was changed cannot be told from a new one.

    So it is where the mapping names key columns that need not be there, and are not.
    """
    file = tmp_path.with_suffix(".toml")
    file.write_text(mapping, encoding="utf-8")
    await rebuild(tmp_path, NAMES, results_of(tmp_path, ()), key=(), mapping_file=file, may_lack_rows=True)
    with open_reader(LedgerLocation.parse(tmp_path / "job.ledger")) as reader:
        keys = [result.key or "" for result in reader.results()]
    (tmp_path / "job.ledger").unlink()
    results = results_of(tmp_path, keys)

    with pytest.raises(UsageError, match=r"--rebuild-from needs --key here: .* lacks 1 row of"):
        await rebuild(tmp_path, NAMES[1:], results, key=(), mapping_file=file)
    assert files_in(tmp_path) == ["in.csv", "results.csv"]

    await rebuild(tmp_path, (*NAMES, "new"), results, key=(), mapping_file=file, may_lack_rows=True)
    with open_reader(LedgerLocation.parse(tmp_path / "job.ledger")) as reader:
        assert (reader.counts().created, reader.counts().pending) == (5, 1)


async def test_a_stop_leaves_no_ledger(tmp_path: Path) -> None:
    """Whoever stops it finds everything as it was, and may type it again."""
    stop = StopSignals()
    stop.request_stop()
    results = results_of(tmp_path, NAMES)

    with pytest.raises(StoppedError):
        await rebuild(tmp_path, NAMES, results, stop=stop)

    assert files_in(tmp_path) == ["in.csv", "results.csv"]
    assert len(list(read_whole_results(results))) == len(NAMES)


async def test_the_same_command_again_leaves_the_rebuilt_ledger_alone(tmp_path: Path) -> None:
    """A ledger that was rebuilt from this file is resumed; one that was rebuilt from another one is not lost."""
    results = results_of(tmp_path, NAMES)
    await rebuild(tmp_path, NAMES, results)
    before = (tmp_path / "job.ledger").read_bytes()

    again = await rebuild(tmp_path, NAMES, results)
    otherwise_spelt = await rebuild(tmp_path, NAMES, tmp_path / ".." / tmp_path.name / results.name)
    with pytest.raises(UsageError, match="is there, so it is not lost"):
        await rebuild(tmp_path, NAMES, tmp_path / "other.csv")

    assert again == otherwise_spelt == ()
    assert (tmp_path / "job.ledger").read_bytes() == before


async def test_no_ledger_is_made_again_for_many_accounts(tmp_path: Path) -> None:
    """Their results are refused before the input is read, and where a ledger is missing, they are not offered."""
    results = results_of(tmp_path, NAMES)
    assert "--rebuild-from" in missing(results)
    header, *lines = results.read_text().splitlines()
    of_accounts = (f"{header},account_sid", *(f"{line},{sid('AC', 1)}" for line in lines), "")
    results.write_text("\n".join(of_accounts))

    with pytest.raises(UsageError, match="is of a job for many accounts"):
        await rebuild(tmp_path, NAMES, results)

    assert "--rebuild-from" not in missing(results)
    assert "job.ledger" not in files_in(tmp_path)


def missing(results: Path) -> str:
    """Return the way on that is told for results whose ledger is missing."""
    with pytest.raises(LedgerError) as refusal:
        ledger_of(results)
    return refusal.value.cure


def test_a_ledger_is_rebuilt_from_the_output_however_it_is_spelt(tmp_path: Path) -> None:
    """The results are read whole before they are replaced, so the same file in both places is no conflict."""
    results = results_of(tmp_path, NAMES)
    link = tmp_path / "link.csv"
    link.symlink_to(results)

    for spelt in (results, tmp_path / ".." / tmp_path.name / results.name, link):
        options = RunOptions(output=results, rebuild_from=spelt)
        files_of_command(options, {"files": []}, {}, None).require_distinct()
