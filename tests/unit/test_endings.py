"""How a run ended, by table."""

import pytest

from provisioner.endings import MOST_REASONS, Ending, Reason, advice, end_of, settled
from provisioner.errors import ExitCode, GuardError, LedgerBusyError, ProvisionerError, StorageError, UsageError
from provisioner.models import Counts, Status
from provisioner.summary import Outcome


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (Counts(), ExitCode.DONE),
        (Counts(input=2, created=2), ExitCode.DONE),
        (Counts(input=2, created=1, rejected=1), ExitCode.REJECTED),
        (Counts(input=2, created=1, invalid=1), ExitCode.REJECTED),
        (Counts(input=2, created=1, unsent=1), ExitCode.REJECTED),
        (Counts(input=3, rejected=1, invalid=1, unknown=1), ExitCode.UNKNOWN),
        (Counts(input=1, in_flight=1), ExitCode.UNKNOWN),
    ],
)
def test_the_rows_decide_the_exit_code_of_a_finished_run(counts: Counts, expected: ExitCode) -> None:
    """Unknown outranks what was not created, and only created rows make a zero."""
    end = end_of(counts, left=0, error=None, signal_exit=None, is_limited=False)

    assert end == Ending(expected, Outcome.FINISHED)
    assert not end.is_resumable


@pytest.mark.parametrize("code", [ExitCode.SIGINT, ExitCode.SIGTERM])
@pytest.mark.parametrize(
    "waiting",
    [
        Counts(input=3, created=2, pending=1),
        Counts(input=3, created=2, unsent=1),
        Counts(input=3, created=2, rejected=1),
    ],
    ids=lambda counts: "pending" if counts.pending else "unsent" if counts.unsent else "rejected",
)
def test_a_signal_counts_only_where_rows_wait(code: ExitCode, waiting: Counts) -> None:
    """A signal that came when everything was settled changes nothing."""
    done = Counts(input=3, created=3)

    stopped = end_of(waiting, left=1, error=None, signal_exit=code, is_limited=False)
    finished = end_of(done, left=0, error=None, signal_exit=code, is_limited=False)

    assert stopped == Ending(code, Outcome.STOPPED)
    assert stopped.is_resumable
    assert finished == Ending(ExitCode.DONE, Outcome.FINISHED)


def test_a_limit_that_left_rows_is_a_guard() -> None:
    """--limit ends like any other guard while rows wait, so that a loop around the command goes on."""
    waiting, done = Counts(input=3, created=2, unsent=1), Counts(input=3, created=3)

    stopped = end_of(waiting, left=1, error=None, signal_exit=None, is_limited=True)
    finished = end_of(done, left=0, error=None, signal_exit=None, is_limited=True)

    assert stopped == Ending(ExitCode.GUARD, Outcome.GUARDED)
    assert finished == Ending(ExitCode.DONE, Outcome.FINISHED)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (GuardError("wrong address"), Outcome.GUARDED),
        (StorageError("disk full"), Outcome.GUARDED),
        (UsageError("not confirmed"), Outcome.FAILED),
        (LedgerBusyError("held"), Outcome.FAILED),
    ],
)
def test_an_error_outranks_everything(error: ProvisionerError, outcome: Outcome) -> None:
    """What stopped the run is its end, whatever the rows and the signals say."""
    counts = Counts(input=3, created=1, unknown=1, pending=1)

    end = end_of(counts, left=1, error=error, signal_exit=ExitCode.SIGINT, is_limited=True)

    assert end == Ending(error.exit_code, outcome)


def test_the_accounting_of_a_stopped_run_leaves_no_row_open() -> None:
    """Who waits is unsent, what flies is unknown, and the sum is the input."""
    counts = settled(Counts(input=9, created=2, unsent=1, unknown=1, pending=3, in_flight=2))

    assert counts == Counts(input=9, created=2, unsent=4, unknown=3)
    assert counts.is_balanced


@pytest.mark.parametrize(
    ("counts", "told", "words"),
    [
        (Counts(input=2, created=2), {}, []),
        (Counts(input=2, created=1, unsent=1), {"limit": 1, "left": 1}, ["--limit 1 was reached: 1 row waits"]),
        (Counts(input=3, created=1, unsent=2), {"limit": 1, "left": 2}, ["--limit 1 was reached: 2 rows wait"]),
        (Counts(input=2, created=2), {"limit": 2}, []),
        (Counts(input=2, created=1, unsent=1), {"left": 1}, []),
        (Counts(input=1500, unknown=1500), {}, ["1,500 rows are unknown"]),
        (Counts(input=1, unknown=1), {}, ["1 row is unknown"]),
        (Counts(input=1, rejected=1), {}, ["--retry rejected", "--failed PATH"]),
        (Counts(input=1, rejected=1), {"has_failed": True}, ["--retry rejected"]),
        (Counts(input=1, invalid=1), {}, ["--failed PATH"]),
        (Counts(input=1, unsent=1), {"has_failed": True}, ["take them out before you feed it to another job"]),
        (Counts(input=1, unknown=1), {"has_failed": True}, ["1 row is unknown", "they may be created twice"]),
        (Counts(input=1, created=1), {"orphans": 2}, ["2 attempts failed at the participant"]),
    ],
)
def test_every_loose_end_has_its_sentence(counts: Counts, told: dict[str, int], words: list[str]) -> None:
    """What is worth doing is said, in a fixed order, and nothing else is."""
    notes = advice(
        counts,
        reasons=(),
        left=told.get("left", 0),
        limit=told.get("limit", 0),
        orphans=told.get("orphans", 0),
        has_failed=bool(told.get("has_failed")),
    )

    assert len(notes) == len(words)
    assert all(word in note for word, note in zip(words, notes, strict=True))


def test_why_rows_were_not_created_is_said_first() -> None:
    """The most frequent reasons stand before the advice, each with its code and a sentence."""
    reasons = [
        Reason(Status.UNSENT, f"code-{number}", "the server is away", 1_000 - number) for number in range(9)
    ]

    notes = advice(Counts(unsent=9), reasons=reasons, left=0, limit=0, orphans=0, has_failed=False)

    assert notes[0] == "1,000 rows unsent: code-0, the server is away"
    assert len(notes) == MOST_REASONS
    assert str(Reason(Status.REJECTED, "45745", "", 1)) == "1 row rejected: 45745"
