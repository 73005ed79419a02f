"""What follows from an answer, by table."""

import pytest

from provisioner.models import Answer, Status, Verdict
from provisioner.retry import LONGEST_BACKOFF_S, Again, Settle, backoff_s, decide


def answer(verdict: Verdict, *, stops_run: bool = False, is_throttled: bool = False) -> Answer:
    """Return an answer of which only the deciding parts matter."""
    return Answer(verdict=verdict, due=0, ended=1, stops_run=stops_run, is_throttled=is_throttled)


@pytest.mark.parametrize(
    ("given", "attempt", "expected"),
    [
        (answer(Verdict.CREATED), 1, Settle(Status.CREATED)),
        (answer(Verdict.REFUSED), 1, Settle(Status.REJECTED)),
        (answer(Verdict.REFUSED, stops_run=True), 1, Settle(Status.UNSENT)),
        (answer(Verdict.MAYBE), 1, Settle(Status.UNKNOWN)),
        (answer(Verdict.MAYBE, stops_run=True), 1, Settle(Status.UNKNOWN)),
        (answer(Verdict.NOT_PROCESSED), 1, Again(0.5)),
        (answer(Verdict.NOT_PROCESSED), 2, Again(1.0)),
        (answer(Verdict.NOT_PROCESSED), 5, Settle(Status.UNSENT)),
        (answer(Verdict.NOT_PROCESSED, is_throttled=True), 4, Again(0.0)),
        (answer(Verdict.NOT_PROCESSED, is_throttled=True), 5, Settle(Status.UNSENT)),
        (answer(Verdict.NOT_PROCESSED, stops_run=True), 1, Settle(Status.UNSENT)),
    ],
)
def test_what_follows_from_an_answer(given: Answer, attempt: int, expected: Settle | Again) -> None:
    """Only what was certainly not processed is sent again, and only so often."""
    assert decide(given, attempt=attempt, max_attempts=5, jitter=lambda _, high: high) == expected


def test_a_maybe_is_never_sent_again() -> None:
    """However many attempts are left, an answer that may have created something ends them."""
    for attempt in range(1, 10):
        assert decide(answer(Verdict.MAYBE), attempt=attempt, max_attempts=99) == Settle(Status.UNKNOWN)


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
    answer = Answer(verdict, due=0.0, ended=1.0, stops_run=stops_run)

    end = decide(answer, attempt=5, max_attempts=5, resends_unknown=True, is_in_doubt=True)
    again = decide(answer, attempt=1, max_attempts=5, resends_unknown=True, is_in_doubt=True)

    assert end == Settle(Status.UNKNOWN)
    assert again == Settle(Status.UNKNOWN) or (isinstance(again, Again) and again.is_in_doubt)
