"""Files of the user that a run keeps under another name."""

from pathlib import Path

from provisioner.commands.run import run_job
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import Summary
from provisioner.options import RunOptions
from tests.quiet_ui import QuietUserInterface


async def run(source: Path) -> Summary:
    """Type the same command: run in.csv -o res.csv --failed failed.csv."""
    folder = source.parent
    asked = RunOptions(output=folder / "res.csv", failed=folder / "failed.csv", simulate=True, rate="0", yes=True)
    return await run_job([str(source)], asked, ProcessEnvironment({}, folder, "provisioner"), QuietUserInterface())


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


async def test_a_failed_file_without_rows_is_not_kept(tmp_path: Path) -> None:
    """Nobody has fixed anything in it, and a job of every day would leave one a day."""
    source = tmp_path / "in.csv"
    source.write_text("CustomerFriendlyName\nAna\n")
    (tmp_path / "failed.csv").write_text("id,_status,_error_code,_error\n")

    await run(source)

    assert kept_in(tmp_path) == []
