"""A run that ends with an exception is recorded as ended."""

from pathlib import Path

import pytest

from provisioner.errors import GuardError
from provisioner.ledger import Ledger, LedgerLocation, open_ledger, open_reader
from provisioner.runs.recorded_end import end_recorded
from provisioner.system.interrupts import Terminated
from tests.ledger_samples import SENDABLE, SETTINGS


def interrupted(by: BaseException) -> RuntimeError:
    """Return what a question raises that is interrupted."""
    error = RuntimeError("aborted")
    error.__context__ = by
    return error


async def failing(ledger: Ledger, error: Exception) -> None:
    """Raise an error where the end of a run is recorded."""
    async with end_recorded(ledger):
        raise error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (GuardError("the disk is full"), 6),
        (ValueError("a fault of ours"), 1),
        (interrupted(KeyboardInterrupt()), 130),
        (interrupted(EOFError()), 130),
        (interrupted(Terminated()), 143),
    ],
)
async def test_the_exit_code_of_a_run_that_raises_is_recorded(tmp_path: Path, error: Exception, code: int) -> None:
    """The exception goes on; before a run has begun, there is nothing to record."""
    location = LedgerLocation(tmp_path / "job.ledger")

    async with open_ledger(location, SETTINGS, version="1") as ledger:
        with pytest.raises(type(error)):
            await failing(ledger, error)
        await ledger.start_run(SENDABLE)
        with pytest.raises(type(error)):
            await failing(ledger, error)

    with open_reader(location) as reader:
        assert [run.exit_code for run in reader.runs()] == [code]
