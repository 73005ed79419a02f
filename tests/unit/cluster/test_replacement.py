"""When a worker that has ended is replaced."""

import signal

from provisioner.cluster.replacement import MOST_FAILURES, WORKED_S, Replacement, WorkerExit
from provisioner.errors import ExitCode
from provisioner.pacing.backoff import LONGEST_BACKOFF_S

SHORT_S, LONG_S = WORKED_S / 2, WORKED_S * 2


def ended(code: int | None, lived_s: float = SHORT_S, message: str = "") -> WorkerExit:
    """Return how a worker ended."""
    return WorkerExit(code=code, lived_s=lived_s, message=message)


def test_the_pause_grows_while_workers_fail_at_their_start() -> None:
    """It doubles, to half a minute at most, and is short again once a worker has lived."""
    replacement = Replacement()

    pauses = [replacement.pause_s(ended(1)) for _ in range(12)]

    assert all(0.25 * 2**count <= pause <= 0.5 * 2**count for count, pause in enumerate(pauses[:6]))
    assert max(pauses) <= LONGEST_BACKOFF_S
    assert replacement.pause_s(ended(1, LONG_S)) <= 0.5


def test_so_many_failed_starts_in_a_row_are_hopeless() -> None:
    """A worker that lived starts the count anew."""
    replacement = Replacement()
    for _ in range(MOST_FAILURES - 1):
        replacement.pause_s(ended(1))
    replacement.pause_s(ended(75, LONG_S))
    assert not replacement.is_hopeless

    for code in (1, 2, None, -signal.SIGSEGV, 75):
        assert not replacement.is_hopeless
        replacement.pause_s(ended(code))

    assert replacement.is_hopeless


def test_a_signal_from_outside_is_no_failure_of_the_worker() -> None:
    """However often workers are killed, they are replaced within two seconds, but not in a busy loop."""
    replacement = Replacement()

    pauses = [
        replacement.pause_s(ended(code)) for code in (-signal.SIGKILL, -signal.SIGTERM, 130, 143) for _ in range(5)
    ]

    assert not replacement.is_hopeless
    assert max(pauses) <= 2.0
    assert min(pauses[3:]) >= 1.0


def test_an_exit_code_of_the_job_waits_for_the_news_of_its_end() -> None:
    """A worker may know of the end of the run before the process that placed it does."""
    for code in (0, 4, 5, 6, 7, 8):
        assert Replacement().pause_s(ended(code, LONG_S)) >= 2.0
    assert ExitCode(75) is ExitCode.BUSY
    assert Replacement().pause_s(ended(75, LONG_S)) <= 0.5


def test_how_a_worker_ended_is_told_in_words() -> None:
    """The text continues a sentence about the worker."""
    assert str(ended(2, message="no credentials")) == "ended with exit code 2: no credentials"
    assert str(ended(0)) == "ended with exit code 0"
    assert str(ended(-signal.SIGKILL)) == "was ended by SIGKILL"
    assert str(ended(-40)) == "was ended by signal 40"
    assert str(ended(None, message="was lost with its machine")) == "was lost with its machine"
