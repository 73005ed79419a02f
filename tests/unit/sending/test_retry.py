"""What follows from an answer, by table."""

import pytest

from provisioner.models import AttemptResult, Status, Verdict
from provisioner.pacing.backoff import LONGEST_BACKOFF_S, backoff_s
from provisioner.sending.retry import Finish, Retry, decide_retry


def answer(verdict: Verdict, *, stops_run: bool = False, is_throttled: bool = False) -> AttemptResult:
    """Return an answer of which only the deciding parts matter."""
    return AttemptResult(verdict=verdict, due=0, ended=1, stops_run=stops_run, is_throttled=is_throttled)


@pytest.mark.parametrize(
    ("given", "attempt", "expected"),
    [
        (answer(Verdict.CREATED), 1, Finish(Status.CREATED)),
        (answer(Verdict.REFUSED), 1, Finish(Status.REJECTED)),
        (answer(Verdict.REFUSED, stops_run=True), 1, Finish(Status.UNSENT)),
        (answer(Verdict.MAYBE), 1, Finish(Status.UNKNOWN)),
        (answer(Verdict.MAYBE, stops_run=True), 1, Finish(Status.UNKNOWN)),
        (answer(Verdict.NOT_PROCESSED), 1, Retry(0.5)),
        (answer(Verdict.NOT_PROCESSED), 2, Retry(1.0)),
        (answer(Verdict.NOT_PROCESSED), 5, Finish(Status.UNSENT)),
        (answer(Verdict.NOT_PROCESSED, is_throttled=True), 4, Retry(0.0)),
        (answer(Verdict.NOT_PROCESSED, is_throttled=True), 5, Finish(Status.UNSENT)),
        (answer(Verdict.NOT_PROCESSED, stops_run=True), 1, Finish(Status.UNSENT)),
    ],
)
def test_what_follows_from_an_answer(given: AttemptResult, attempt: int, expected: Finish | Retry) -> None:
    """Only what was certainly not processed is sent again, and only so often."""
    assert decide_retry(given, attempt=attempt, max_attempts=5, jitter=lambda _, high: high) == expected


def test_a_maybe_is_never_sent_again() -> None:
    """However many attempts are left, an answer that may have created something ends them."""
    for attempt in range(1, 10):
        assert decide_retry(answer(Verdict.MAYBE), attempt=attempt, max_attempts=99) == Finish(Status.UNKNOWN)


def test_backoff_doubles_within_bounds() -> None:
    """The longest wait doubles up to its bound, and at least half of it is kept."""
    longest = [backoff_s(n, jitter=lambda _, high: high) for n in (1, 2, 3, 4, 20)]

    assert longest == [0.5, 1, 2, 4, LONGEST_BACKOFF_S]
    assert backoff_s(3, jitter=lambda low, _: low) == 1


@pytest.mark.parametrize("verdict", [Verdict.REFUSED, Verdict.NOT_PROCESSED, Verdict.MAYBE])
@pytest.mark.parametrize("stops_run", [True, False])
def test_a_row_in_doubt_stays_unknown_whatever_a_later_attempt_came_to(
    verdict: Verdict, *, stops_run: bool
) -> None:
    """A refusal or a 429 says nothing of an earlier attempt that may have created the row."""
    result = AttemptResult(verdict, due=0.0, ended=1.0, stops_run=stops_run)

    end = decide_retry(result, attempt=5, max_attempts=5, resends_unknown=True, is_in_doubt=True)
    again = decide_retry(result, attempt=1, max_attempts=5, resends_unknown=True, is_in_doubt=True)

    assert end == Finish(Status.UNKNOWN)
    assert again == Finish(Status.UNKNOWN) or (isinstance(again, Retry) and again.is_in_doubt)
