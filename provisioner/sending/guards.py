"""Conditions that stop a run early, and the counts that they need. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from provisioner.errors import GuardError, ProvisionerError
from provisioner.models import Status, Step, Verdict

from .limits import DispatchLimits
from .step_runner import RowOutcome


class StopKind(StrEnum):
    """Reason for which a run starts no more rows."""

    ASKED = "asked"
    """A signal or the caller stopped the run."""
    TIME_UP = "time_up"
    """The time limit ``--max-duration`` stopped the run."""
    FAULT = "fault"
    """Twilio refused the run's credentials or address."""
    CANARY = "canary"
    """Twilio refused all of the first rows (``--canary``)."""
    FAILURES = "failures"
    """Too many rows failed (``--max-failures``), or a condition of ``--abort-if`` became true."""
    UNREACHABLE = "unreachable"
    """Twilio could not be reached for too long, or cannot be reached as configured."""
    INPUT = "input"
    """The input has changed since it was planned."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Reason for which a run stopped early. ``error`` has the message for the user, None if it was asked to."""

    kind: StopKind
    error: ProvisionerError | None = None


_OF_STEP = {Step.SETTINGS: "its settings: ", Step.MESSAGE: "its message: "}
_FAILED = {Status.REJECTED, Status.UNKNOWN}


@dataclass(slots=True)
class FailureGuard:
    """Counter of processed rows that stops the run after too many failures.

    A created row whose settings or message failed counts as failed. ``finished``,
    ``refused`` and ``failed`` are numbers of
    rows; ``last_refusal`` is the text of the last refusal.
    """

    limits: DispatchLimits
    finished: int = 0
    refused: int = 0
    failed: int = 0
    last_refusal: str = ""

    def count(self, outcome: RowOutcome) -> Stop | None:
        """Count one processed row; return a ``Stop`` when no more rows may be sent, otherwise None."""
        result = outcome.result
        self.finished += 1
        self.failed += outcome.status in _FAILED
        if result.verdict is Verdict.REFUSED:
            self.refused += 1
            self.last_refusal = f"{_OF_STEP.get(outcome.step, '')}{result.error}"
        if result.stops_run:
            cure = result.connect_failure.cure if result.connect_failure else ""
            return Stop(StopKind.FAULT, GuardError(result.error, cure=cure))
        return self._check_failures() if self.limits.failures else None

    def count_doubt(self) -> Stop | None:
        """Count a row as failed that was counted as created; return a ``Stop`` when no more rows may be sent."""
        self.failed += 1
        return self._check_failures()

    def check_canary(self) -> Stop | None:
        """Return a ``Stop`` when all of the first rows were refused, otherwise None."""
        if not self.finished or self.refused < self.finished:
            return None
        return Stop(StopKind.CANARY, self._refused_canary())

    def _check_failures(self) -> Stop | None:
        failures = self.limits.failures
        if failures and failures.is_reached(self.failed, self.limits.to_send):
            return Stop(StopKind.FAILURES, self._too_many())
        return None

    def _refused_canary(self) -> GuardError:
        count = "the first row was" if self.finished == 1 else f"the first {self.finished} rows were all"
        host = self.limits.other_host
        is_meant = f"check --base-url, as {host} may not be Twilio's API; else " if host else ""
        return GuardError(
            f"{count} refused, so nothing else was sent: {self.last_refusal}",
            cure=f"{is_meant}fix the configuration or the input; if only that row is wrong, run the same command "
            "again; if this account takes no Identity, start anew: --identity none --marker NAME, and another -o",
        )

    def _too_many(self) -> GuardError:
        return GuardError(
            f"{self.failed} rows were rejected or are unknown, the limit of --max-failures",
            cure="look at their errors in the results, then run the same command again",
        )
