"""What a run that stops early says to its user."""

from provisioner.models import AttemptResult, Status, Step, Verdict
from provisioner.models.attempts import DUPLICATE
from provisioner.options import FailureLimit
from provisioner.sending.guards import FailureGuard
from provisioner.sending.limits import DispatchLimits
from provisioner.sending.step_runner import RowOutcome


def cure_of(step: Step, error_code: str) -> str:
    """Return the cure for a first row that was refused at this step."""
    guard = FailureGuard(DispatchLimits(concurrency=1, max_attempts=1))
    status = Status.REJECTED if step is Step.CREATE else Status.CREATED
    result = AttemptResult(
        verdict=Verdict.REFUSED, due=0.0, sent=0.0, ended=0.0, error_code=error_code, error="refused"
    )
    guard.count(RowOutcome(step, status, result))
    stop = guard.check_canary()
    assert stop is not None
    assert stop.error is not None
    return stop.error.cure


def test_the_cure_of_a_refused_canary_creates_nobody_again() -> None:
    """A twin shows customers of an earlier job, and a created row proves that the account takes identities."""
    twin, settings = cure_of(Step.SETTINGS, DUPLICATE), cure_of(Step.SETTINGS, "50390")

    assert "another -o" in cure_of(Step.CREATE, "45700")
    assert "another -o" not in f"{twin}{settings}{cure_of(Step.MESSAGE, '50056')}"
    assert "go on with the ledger of that job" in twin
    assert "go on with the ledger" not in settings


def test_the_failures_of_other_workers_count_too() -> None:
    """``--max-failures`` is of the whole run, whoever sends its rows."""
    elsewhere = [0]
    limits = DispatchLimits(
        concurrency=1,
        max_attempts=1,
        failures=FailureLimit(count=3),
        to_send=100,
        failed_elsewhere=lambda: elsewhere[0],
    )
    guard = FailureGuard(limits)
    result = AttemptResult(verdict=Verdict.REFUSED, due=0.0, sent=0.0, ended=0.0, error="refused")
    outcome = RowOutcome(Step.CREATE, Status.REJECTED, result)

    first = guard.count(outcome)
    elsewhere[0] = 1
    second = guard.count(outcome)

    assert first is None
    assert second is not None
    assert second.error is not None
    assert second.error.message.startswith("3 rows were rejected or are unknown")
