"""What stops a run early, and what a run counts to know it. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from provisioner.errors import GuardError, ProvisionerError
from provisioner.models import Status, Step, Verdict

from .limits import DispatchLimits
from .row_processor import RowOutcome


class StopKind(StrEnum):
    """Why nothing new is started."""

    ASKED = "asked"
    """By a signal, a caller, or a limit of time that was asked for."""
    FAULT = "fault"
    """Twilio refused the run's credentials or address."""
    CANARY = "canary"
    """The first rows were all refused."""
    FAILURES = "failures"
    """Too many rows failed, or a condition of ``--abort-if`` came true."""
    INPUT = "input"
    """The input is not what was planned any more."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a run ended before its rows did; ``error`` says what to do, None for a signal."""

    kind: StopKind
    error: ProvisionerError | None = None


_FAILED = {Status.REJECTED, Status.UNKNOWN}


@dataclass(slots=True)
class FailureGuard:
    """Counts processed rows. One whose message failed has failed, although it is created."""

    limits: DispatchLimits
    finished: int = 0
    refused: int = 0
    failed: int = 0
    last_refusal: str = ""

    def count(self, outcome: RowOutcome) -> Stop | None:
        """Count one row and return why nothing more may be sent, None when all is well."""
        result = outcome.result
        self.finished += 1
        self.failed += outcome.status in _FAILED
        if result.verdict is Verdict.REFUSED:
            self.refused += 1
            self.last_refusal = f"its message: {result.error}" if outcome.step is Step.MESSAGE else result.error
        if result.stops_run:
            return Stop(StopKind.FAULT, GuardError(result.error))
        failures = self.limits.failures
        if failures and failures.is_reached(self.failed, self.limits.to_send):
            return Stop(StopKind.FAILURES, self._too_many())
        return None

    def check_canary(self) -> Stop | None:
        """Return why the first rows forbid to send the others."""
        if not self.finished or self.refused < self.finished:
            return None
        return Stop(StopKind.CANARY, self._refused_canary())

    def _refused_canary(self) -> GuardError:
        count = "the first row was" if self.finished == 1 else f"the first {self.finished} rows were all"
        return GuardError(
            f"{count} refused, so nothing else was sent: {self.last_refusal}",
            cure="fix the configuration or the input; if only that row is wrong, run the same command again; if "
            "this account takes no Identity, start anew: --identity none --marker NAME, and another -o",
        )

    def _too_many(self) -> GuardError:
        return GuardError(
            f"{self.failed} rows were rejected or are unknown, the limit of --max-failures",
            cure="look at their errors in the results, then run the same command again",
        )
