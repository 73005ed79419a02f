"""The metrics file of a run: whole at any time, and nothing that a run depends on."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from provisioner.errors import ExitCode, UsageError
from provisioner.models import Counts
from provisioner.models.progress import Progress
from provisioner.models.summary import Summary
from provisioner.runs import metrics_file
from provisioner.runs.metrics_file import MetricsFile
from tests.prometheus_text import Samples, parse
from tests.watched_runs import QuietRun

DONE = Summary(command="run", exit_code=ExitCode.REJECTED, counts=Counts(input=2, created=1, rejected=1))


def read(path: Path) -> Samples:
    """Read a metrics file; whatever it holds is whole. None at all has no samples."""
    return parse(path.read_text(encoding="utf-8")) if path.exists() else {}


def names(folder: Path) -> list[str]:
    """Return the names of all files of a folder."""
    return [each.name for each in folder.iterdir()]


async def until_created(path: Path, count: int) -> None:
    """Wait until the file tells so many created rows."""
    created = ("provisioner_run_rows", frozenset({("outcome", "created")}))
    async with asyncio.timeout(60):
        while read(path).get(created) != count:  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.01)


async def test_it_follows_the_run_and_ends_with_its_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written at once and again while the run goes on; the last one has the exit code, and nothing replaces it."""
    monkeypatch.setattr(metrics_file, "EVERY_S", 0.01)
    path, run = tmp_path / "run.prom", QuietRun()
    watch, kept = run.watch(), MetricsFile(path)

    async with kept.kept(watch.status):
        await until_created(path, 0)
        run.progress = Progress(total=2, created=1)
        await until_created(path, 1)
        during = read(path)
        watch.finish(DONE)
        summary = await kept.write_result(watch.status(), DONE)

    assert summary is DONE
    assert ("provisioner_run_exit_code", frozenset()) not in during
    assert read(path)["provisioner_run_exit_code", frozenset()] == 4
    assert read(path)["provisioner_run_rows", frozenset({("outcome", "rejected")})] == 1
    assert names(tmp_path) == ["run.prom"]


async def test_a_file_that_cannot_be_written_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run goes on, one warning is logged however often it fails, and the summary keeps its exit code."""
    monkeypatch.setattr(metrics_file, "EVERY_S", 0.001)
    folder = tmp_path / "folder"
    folder.mkdir()
    watch, kept = QuietRun().watch(), MetricsFile(folder / "run.prom")
    folder.rmdir()

    with capture_logs() as logged:
        async with kept.kept(watch.status):
            async with asyncio.timeout(60):
                while not logged:  # noqa: ASYNC110 - a log tells nobody
                    await asyncio.sleep(0.01)
            watch.finish(DONE)
            summary = await kept.write_result(watch.status(), DONE)

    assert [(each["event"], each["log_level"]) for each in logged] == [("metrics.failed", "warning")]
    assert (summary.exit_code, summary.counts) == (DONE.exit_code, DONE.counts)
    assert summary.notes == (f"--metrics-file {folder / 'run.prom'}: not written, its folder no longer exists",)


async def test_a_run_that_counted_nothing_leaves_the_file_of_the_last_one(tmp_path: Path) -> None:
    """A file without figures would only hide those of the run before."""
    path = tmp_path / "run.prom"
    watch, kept = QuietRun().watch(), MetricsFile(path)

    await kept.write_result(watch.status(), Summary(command="run"))

    assert names(tmp_path) == []


def test_where_no_file_can_be_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    """As for every other output."""
    with pytest.raises(UsageError, match="no such folder"):
        MetricsFile(tmp_path / "missing" / "run.prom")
