"""Names with a date in them: what they become, which command goes on with them, and that one runs at a time."""

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import LedgerBusyError, LedgerError, UsageError
from provisioner.options import RunOptions
from provisioner.runs.output_names import DatedOutputNames

MOMENT = datetime(2026, 11, 23, 22, 15, tzinfo=UTC)


def output_names(**names: str) -> DatedOutputNames:
    """Return the occasion of a run with these names."""
    return DatedOutputNames.of(options(**names), MOMENT)


def options(**names: str) -> RunOptions:
    """Return the options of a run with these names."""
    paths: dict[str, Any] = {name: Path(path) for name, path in names.items()}
    return RunOptions(**paths)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("results-{date}.csv", "results-2026-11-23.csv"),
        ("/srv/out/{date}T{time}.jsonl", "/srv/out/2026-11-23T221500.jsonl"),
        ("results-{day}.csv", "results-{day}.csv"),
        ("results.csv", "results.csv"),
    ],
)
def test_the_date_goes_into_every_name(given: str, named: str) -> None:
    """The results, the failed rows and a ledger of its own name are of the same moment."""
    before = options(output=given, failed=f"{given}.failed", ledger=f"{given}.job")

    after = DatedOutputNames.of(before, MOMENT).with_dates(before)

    names = [after.output, after.failed, after.ledger]
    assert names == [Path(f"{named}{suffix}") for suffix in ("", ".failed", ".job")]


def test_names_that_are_not_given_stay_away() -> None:
    """No file is invented."""
    assert output_names().with_dates(RunOptions()) == RunOptions()


def test_a_folder_is_not_named_after_the_date() -> None:
    """It would have to be there before the run, and the lock has to have a place that stays."""
    with pytest.raises(UsageError, match=r"\{date\} and \{time\} may be used in the name of a file"):
        output_names(output="out/{date}/results.csv")


@pytest.mark.parametrize(
    ("command", "resuming"),
    [
        ("provisioner run a.csv -o r-{date}.csv", "provisioner run a.csv -o r-2026-11-23.csv"),
        (
            "provisioner run a.csv --output=r-{date}.csv --yes",
            "provisioner run a.csv --output=r-2026-11-23.csv --yes",
        ),
        ("provisioner run a.csv --set 'x={date}'", "provisioner run a.csv --set 'x={date}' -o r-2026-11-23.csv"),
    ],
)
def test_the_next_command_names_the_day_that_it_goes_on_with(command: str, resuming: str) -> None:
    """Typed after midnight, the same command would begin another job; a column of that name is left alone."""
    assert output_names(output="r-{date}.csv").resume_command(shlex.join(shlex.split(command))) == resuming


def test_a_command_without_a_date_is_its_own_next() -> None:
    """Not a letter of it changes."""
    assert output_names(output="r.csv").resume_command("provisioner  run  a.csv") == "provisioner  run  a.csv"


def test_one_occasion_of_a_name_runs_at_a_time(tmp_path: Path) -> None:
    """Tonight's run waits for yesterday's, though their ledgers differ; afterwards no lock is left."""
    name = str(tmp_path / "r-{date}.csv")
    tonight = DatedOutputNames.of(options(output=name), datetime(2026, 11, 24, 22, 15, tzinfo=UTC))

    with (
        output_names(output=name).exclusive(),
        pytest.raises(LedgerBusyError, match=r"r-\{date\}\.csv is in use by process"),
        tonight.exclusive(),
    ):
        pass
    with tonight.exclusive():
        assert [each.name for each in tmp_path.iterdir()] == ["r-{date}.csv.lock"]

    assert list(tmp_path.iterdir()) == []


def test_without_a_date_the_ledgers_lock_is_enough(tmp_path: Path) -> None:
    """No further lock is taken."""
    with output_names(output=str(tmp_path / "r.csv")).exclusive():
        assert list(tmp_path.iterdir()) == []


def test_a_lock_without_a_place_is_refused(tmp_path: Path) -> None:
    """A folder that is not there is named, as for a ledger."""
    nowhere = output_names(output=str(tmp_path / "gone" / "r-{date}.csv"))

    with pytest.raises(LedgerError, match="cannot be used: No such file"), nowhere.exclusive():
        pass
