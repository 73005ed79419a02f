"""Files of the user that a run keeps under another name."""

import os
from pathlib import Path

from provisioner.commands.export import export_results
from provisioner.commands.run import run_job
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import Summary
from provisioner.options import ExportOptions, RunOptions
from tests.quiet_ui import QuietUserInterface


async def run(source: Path) -> Summary:
    """Type the same command: run in.csv -o res.csv --failed failed.csv."""
    folder = source.parent
    asked = RunOptions(output=folder / "res.csv", failed=folder / "failed.csv", simulate=True, rate="0", yes=True)
    return await run_job([str(source)], asked, ProcessEnvironment({}, folder, "provisioner"), QuietUserInterface())


async def exported(results: Path, *, output: Path | None = None) -> Summary:
    """Export the results of the job, over themselves or to another file."""
    return export_results(Path(f"{results}.ledger"), ExportOptions(output=output or results))


def taken_from(folder: Path) -> list[str]:
    """Return the contents of all files that were kept, and remove them."""
    files = sorted(folder.glob("*.before-*"))
    contents = [path.read_text() for path in files]
    for path in files:
        path.unlink()
    return contents


def kept_in(folder: Path) -> list[str]:
    """Return the contents of the files that were kept."""
    return [path.read_text() for path in sorted(folder.glob("failed.before-*.csv"))]


async def test_rows_that_somebody_has_fixed_survive_the_same_command(tmp_path: Path) -> None:
    """The edited --failed file gets another name, and a note says which; the job's own is simply replaced."""
    source = tmp_path / "in.csv"
    source.write_text("CustomerFriendlyName\nAna\n" + 300 * "x" + "\n")
    failed = tmp_path / "failed.csv"
    first = await run(source)
    written = failed.read_text()
    source.write_text(source.read_text() + "Bo\n")
    again = await run(source)
    untouched = kept_in(tmp_path)
    fixed = written.replace(300 * "x", "Cleo")
    failed.write_text(fixed)

    edited = await run(source)
    (note,) = (each for each in edited.notes if "kept as" in each)

    assert "rejected" in written or "invalid" in written
    assert not untouched
    assert not any("kept as" in each for each in (*first.notes, *again.notes))
    assert kept_in(tmp_path) == [fixed]
    assert "failed.before-" in note
    assert failed.read_text() == written


async def test_results_that_somebody_has_edited_survive_whoever_writes_them_anew(tmp_path: Path) -> None:
    """A run and an export keep them under another name; an export to the same place is no edit, nor is a touch."""
    source, results = tmp_path / "in.csv", tmp_path / "res.csv"
    source.write_text("CustomerFriendlyName\nAna\n")
    await run(source)
    edited = results.read_text().replace("in.csv", "checked by Ana")
    for is_run in (True, False):
        results.write_text(edited)

        summary = await (run(source) if is_run else exported(results))

        assert taken_from(tmp_path) == [edited]
        assert any("kept as res.before-" in each for each in summary.notes)
    os.utime(results)
    touched, exported_again, resumed = await run(source), await exported(results), await run(source)

    assert taken_from(tmp_path) == []
    assert not any("kept as" in each for end in (touched, exported_again, resumed) for each in end.notes)


async def test_an_earlier_export_with_another_header_is_kept(tmp_path: Path) -> None:
    """Somebody added a column, or a spreadsheet saved it in its own way; one as it was written is replaced."""
    source, copy = tmp_path / "in.csv", tmp_path / "copy.csv"
    source.write_text("CustomerFriendlyName\nAna\n")
    await run(source)
    results = tmp_path / "res.csv"
    await exported(results, output=copy)
    plain = await exported(results, output=copy)
    written = copy.read_text()
    for edited in (written.replace("\n", ",checked\n"), written.replace(",", ";")):
        copy.write_text(edited)
        summary = await exported(results, output=copy)
        assert taken_from(tmp_path) == [edited]
        assert any("kept as" in each for each in summary.notes)

    assert not any("kept as" in each for each in plain.notes)


async def test_a_failed_file_without_rows_is_not_kept(tmp_path: Path) -> None:
    """Nobody has fixed anything in it, and a job of every day would leave one a day."""
    source = tmp_path / "in.csv"
    source.write_text("CustomerFriendlyName\nAna\n")
    (tmp_path / "failed.csv").write_text("id,_status,_error_code,_error\n")

    await run(source)

    assert kept_in(tmp_path) == []
