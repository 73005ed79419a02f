"""How a run ended, by table."""

import re
from collections.abc import Sequence
from typing import Any

import pytest

from provisioner.errors import (
    ExitCode,
    GuardError,
    LedgerBusyError,
    ProvisionerError,
    StorageError,
    ThresholdError,
    UsageError,
)
from provisioner.models import Counts, Problem, Status
from provisioner.models.reasons import MOST_NAMED, MOST_REASONS, ErrorReason, format_row_list, group_problems
from provisioner.models.summary import CommandOutcome
from provisioner.monitor import RunFigures
from provisioner.runs.run_end import AdviceContext, RunOutcome, advice, run_end


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (Counts(), ExitCode.DONE),
        (Counts(input=2, created=2), ExitCode.DONE),
        (Counts(input=2, created=1, rejected=1), ExitCode.REJECTED),
        (Counts(input=2, created=1, invalid=1), ExitCode.REJECTED),
        (Counts(input=2, created=1, unsent=1), ExitCode.UNSENT),
        (Counts(input=2, created=1, pending=1), ExitCode.UNSENT),
        (Counts(input=3, rejected=1, invalid=1, unsent=1), ExitCode.UNSENT),
        (Counts(input=4, rejected=1, invalid=1, unknown=1, unsent=1), ExitCode.UNKNOWN),
        (Counts(input=1, in_flight=1), ExitCode.UNKNOWN),
    ],
)
def test_the_rows_decide_the_exit_code_of_a_finished_run(counts: Counts, expected: ExitCode) -> None:
    """Unknown outranks unsent, which outranks what a person has to fix, and only created rows make a zero."""
    end = run_end(counts, left=0, error=None, signal_exit=None, is_limited=False)

    assert end == RunOutcome(expected, CommandOutcome.FINISHED)
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

    stopped = run_end(waiting, left=1, error=None, signal_exit=code, is_limited=False)
    finished = run_end(done, left=0, error=None, signal_exit=code, is_limited=False)

    assert stopped == RunOutcome(code, CommandOutcome.STOPPED)
    assert stopped.is_resumable
    assert finished == RunOutcome(ExitCode.DONE, CommandOutcome.FINISHED)


@pytest.mark.parametrize(
    ("counts", "is_unsent", "expected"),
    [
        (Counts(input=3, created=2, unsent=1), False, ExitCode.AS_PLANNED),
        (Counts(input=3, created=2, pending=1), False, ExitCode.AS_PLANNED),
        (Counts(input=4, created=2, rejected=1, pending=1), False, ExitCode.REJECTED),
        (Counts(input=4, created=2, invalid=1, pending=1), False, ExitCode.REJECTED),
        (Counts(input=5, created=2, rejected=1, unsent=1, pending=1), True, ExitCode.UNSENT),
        (Counts(input=5, created=2, unsent=1, unknown=1, pending=1), True, ExitCode.UNKNOWN),
    ],
)
def test_a_limit_that_left_rows_is_as_planned_unless_something_is_worse(
    counts: Counts, expected: ExitCode, *, is_unsent: bool
) -> None:
    """Rows that wait behind it are not unsent; what became of the others outranks it, and the word stays."""
    end = run_end(counts, left=1, error=None, signal_exit=None, is_limited=True, is_unsent=is_unsent)

    assert end == RunOutcome(expected, CommandOutcome.PLANNED)
    assert end.is_resumable


def test_a_limit_that_left_no_row_is_none() -> None:
    """A run that came to its end is finished, whatever it might have stopped at."""
    done, unsent = Counts(input=3, created=3), Counts(input=3, created=2, unsent=1)

    ends = [
        run_end(counts, left=0, error=None, signal_exit=None, is_limited=True, is_unsent=counts is unsent)
        for counts in (done, unsent)
    ]

    assert ends == [
        RunOutcome(ExitCode.DONE, CommandOutcome.FINISHED),
        RunOutcome(ExitCode.UNSENT, CommandOutcome.FINISHED),
    ]


class UnreachableError(ProvisionerError):
    """Stands for an error that leaves rows unsent, and that the same command cures."""

    exit_code = ExitCode.UNSENT


@pytest.mark.parametrize(
    ("error", "counts", "signal_exit", "expected"),
    [
        (UnreachableError("away"), Counts(input=2, pending=2), None, (ExitCode.UNSENT, "unreachable")),
        (UnreachableError("away"), Counts(input=2, rejected=1, pending=1), None, (ExitCode.UNSENT, "unreachable")),
        (UnreachableError("away"), Counts(input=2, unknown=1, pending=1), None, (ExitCode.UNKNOWN, "unreachable")),
        (UnreachableError("away"), Counts(input=2, pending=2), ExitCode.SIGTERM, (ExitCode.SIGTERM, "stopped")),
        (ThresholdError("slow"), Counts(input=2, unknown=1, pending=1), None, (ExitCode.THRESHOLDS, "failed")),
        (ThresholdError("slow"), Counts(input=2, pending=2), ExitCode.SIGINT, (ExitCode.SIGINT, "stopped")),
    ],
)
def test_an_error_that_tells_of_rows_has_its_place_in_the_order(
    error: ProvisionerError, counts: Counts, signal_exit: ExitCode | None, expected: tuple[ExitCode, str]
) -> None:
    """A signal outranks it, and so does what is worse among the rows; the limit that was asked for does not."""
    end = run_end(counts, left=1, error=error, signal_exit=signal_exit, is_limited=True, is_unsent=False)

    assert (end.exit_code, end.outcome.value) == expected


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (GuardError("wrong address"), CommandOutcome.GUARDED),
        (StorageError("disk full"), CommandOutcome.GUARDED),
        (UsageError("not confirmed"), CommandOutcome.FAILED),
        (LedgerBusyError("held"), CommandOutcome.FAILED),
    ],
)
def test_an_error_outranks_everything(error: ProvisionerError, outcome: CommandOutcome) -> None:
    """What stopped the run is its end, whatever the rows and the signals say."""
    counts = Counts(input=3, created=1, unknown=1, pending=1)

    end = run_end(counts, left=1, error=error, signal_exit=ExitCode.SIGINT, is_limited=True)

    assert end == RunOutcome(error.exit_code, outcome)


def test_the_accounting_of_a_stopped_run_leaves_no_row_open() -> None:
    """Who waits is unsent, what flies is unknown, and the sum is the input."""
    counts = Counts(input=9, created=2, unsent=1, unknown=1, pending=3, in_flight=2).final

    assert counts == Counts(input=9, created=2, unsent=4, unknown=3)
    assert counts.is_balanced


AGAIN = "provisioner reconcile x.ledger"


@pytest.mark.parametrize(
    ("counts", "told", "words"),
    [
        (Counts(input=2, created=2), {}, []),
        (
            Counts(input=2, created=1, unsent=1),
            {"planned_end": "--limit 1 was reached", "left": 1},
            ["stopped as planned: --limit 1 was reached, 1 row waits"],
        ),
        (
            Counts(input=3, created=1, unsent=2),
            {"planned_end": "--max-duration 6h is over", "left": 2},
            ["stopped as planned: --max-duration 6h is over, 2 rows wait"],
        ),
        (Counts(input=2, created=2), {"planned_end": "--limit 2 was reached"}, []),
        (Counts(input=2, created=1, unsent=1), {"left": 1}, []),
        (Counts(input=1, rejected=1), {"has_failed": False}, ["--retry rejected", "--failed PATH"]),
        (Counts(input=1, rejected=1), {"has_failed": True}, ["--retry rejected"]),
        (Counts(input=1, rejected=1), {}, ["--retry rejected"]),
        (Counts(input=1, invalid=1), {"has_failed": False}, ["--failed PATH"]),
        (
            Counts(input=1, invalid=1),
            {"invalid": group_problems([(1, Problem("a", "b", "c"))])},
            ["row 1", "the results list the invalid rows: fix them in the input"],
        ),
        (Counts(input=1, unsent=1), {"has_failed": True}, ["--failed holds rejected and invalid rows only"]),
        (
            Counts(input=1, unknown=1),
            {"has_failed": True},
            [
                "1 row is unknown: a WebChat may",
                f"{AGAIN} looks unknown rows up",
                "the same command goes on with them",
            ],
        ),
        (
            Counts(input=1, created=1),
            {"figures": RunFigures(orphans=2)},
            [f"2 attempts failed at the participant: each may .*; {AGAIN} --audit lists their rows"],
        ),
        (
            Counts(input=9, created=9),
            {"figures": RunFigures(resolved_to={Status.CREATED: 1_000, Status.PENDING: 2})},
            ["1,002 rows looked up: 1,000 had been created, 2 certainly had not"],
        ),
        (
            Counts(input=9, created=9),
            {"figures": RunFigures(resolved_to={Status.PENDING: 1})},
            ["1 row looked up: 0 had been created, 1 certainly had not"],
        ),
        (
            Counts(input=1, unknown=1),
            {"figures": RunFigures(resolved_to={Status.UNKNOWN: 1}, ignores_identity=True), "unknown_rows": [7]},
            [
                "Twilio returned other identities than were requested",
                r"1 row is unknown \(row 7\): a WebChat may or may not exist, so none is sent again",
                f"{AGAIN} looks unknown rows up again; .* --on-unknown resend sends them",
            ],
        ),
    ],
)
def test_every_loose_end_has_its_sentence(counts: Counts, told: dict[str, Any], words: list[str]) -> None:
    """What is worth doing is said, in a fixed order, and nothing else is."""
    notes = advice(counts, AdviceContext(reconcile=AGAIN, **told))

    assert len(notes) == len(words)
    assert all(re.match(f".*{word}", note) for word, note in zip(words, notes, strict=True))


@pytest.mark.parametrize(
    ("rows", "total", "expected"),
    [
        ([], 3, ""),
        ([4], 1, " (row 4)"),
        ([1, 2, 1_000], 3, " (rows 1, 2, 1000)"),
        (range(1, MOST_NAMED + 2), 1_500, " (rows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 1,490 more)"),
        (range(1, MOST_NAMED + 1), MOST_NAMED, " (rows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)"),
    ],
)
def test_rows_are_named_as_far_as_anybody_reads(rows: Sequence[int], total: int, expected: str) -> None:
    """The first rows stand there by their numbers, the rest as how many they are."""
    assert format_row_list(rows, total) == expected


def test_invalid_rows_are_told_by_reason_with_the_command_that_lists_them() -> None:
    """As many reasons as there are of rejected rows, the most frequent first."""
    problems = [(row, Problem(f"field-{row}", "", "is empty")) for row in range(1, MOST_REASONS + 4)]
    counts = Counts(input=len(problems), invalid=len(problems))

    notes = advice(counts, AdviceContext(invalid=group_problems(problems), check="provisioner check a.csv"))

    assert notes == (
        *(f"1 row invalid: field-{row}: is empty (row {row})" for row in range(1, MOST_REASONS + 1)),
        "provisioner check a.csv lists the invalid rows: fix them, and the same command sends them",
    )


def test_why_rows_were_not_created_is_said_first() -> None:
    """The most frequent reasons stand before the advice, each with its code and a sentence."""
    reasons = [
        ErrorReason(Status.UNSENT, f"code-{number}", "the server is away", 1_000 - number) for number in range(9)
    ]

    notes = advice(Counts(unsent=9), AdviceContext(figures=RunFigures(reasons=reasons)))

    assert notes[0] == "1,000 rows unsent: code-0, the server is away"
    assert len(notes) == MOST_REASONS
    assert str(ErrorReason(Status.REJECTED, "45745", "", 1)) == "1 row rejected: 45745"
