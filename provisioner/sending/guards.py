"""Conditions that stop a run early, and the counts that they need. Pure."""

from enum import StrEnum

import msgspec

from provisioner.errors import GuardError, ProvisionerError
from provisioner.models import Status, Step, Verdict
from provisioner.models.attempts import DUPLICATE

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


class Stop(msgspec.Struct, frozen=True):
    """Reason for which a run stopped early. ``error`` has the message for the user, None if it was asked to."""

    kind: StopKind
    error: ProvisionerError | None = None


_OF_STEP = {Step.SETTINGS: "its settings: ", Step.MESSAGE: "its message: "}
_CURE = "fix the configuration or the input; if only that row is wrong, run the same command again"
_CURE_OF_CREATION = (
    f"{_CURE}; if this account takes no Identity, start anew: --identity none --marker NAME, and another -o"
)
_CURE_OF_TWIN = (
    "an earlier job made a conversation for its customer, and perhaps for the others, whom the same command would "
    "create again: go on with the ledger of that job; if only that row is a twin, run the same command again"
)
_FAILED = {Status.REJECTED, Status.UNKNOWN}


class FailureGuard(msgspec.Struct):
    """Counter of processed rows that stops the run after too many failures.

    A created row whose settings or message failed counts as failed. ``finished``, ``refused`` and ``failed`` are
    numbers of rows; ``last_refused`` is the last refused one.
    """

    limits: DispatchLimits
    finished: int = 0
    refused: int = 0
    failed: int = 0
    last_refused: RowOutcome | None = None

    def count(self, outcome: RowOutcome) -> Stop | None:
        """Count one processed row; return a ``Stop`` when no more rows may be sent, otherwise None."""
        result = outcome.result
        self.finished += 1
        self.failed += outcome.status in _FAILED
        if result.verdict is Verdict.REFUSED:
            self.refused += 1
            self.last_refused = outcome
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
        if self.last_refused is None or self.refused < self.finished:
            return None
        return Stop(StopKind.CANARY, self._refused_canary(self.last_refused))

    def _check_failures(self) -> Stop | None:
        failures, failed = self.limits.failures, self.failed + self.limits.failed_elsewhere()
        if failures and failures.is_reached(failed, self.limits.to_send):
            return Stop(StopKind.FAILURES, _too_many(failed))
        return None

    def _refused_canary(self, last: RowOutcome) -> GuardError:
        count = "the first row was" if self.finished == 1 else f"the first {self.finished} rows were all"
        error = f"{_OF_STEP.get(last.step, '')}{last.result.error}"
        return GuardError(f"{count} refused, so nothing else was sent: {error}", cure=self._cure_of_refusal(last))

    def _cure_of_refusal(self, last: RowOutcome) -> str:
        if last.result.error_code == DUPLICATE:
            return _CURE_OF_TWIN
        host = self.limits.other_host
        is_meant = f"check --base-url, as {host} may not be Twilio's API; else " if host else ""
        return is_meant + (_CURE_OF_CREATION if last.step is Step.CREATE else _CURE)


def _too_many(failed: int) -> GuardError:
    return GuardError(
        f"{failed} rows were rejected or are unknown, the limit of --max-failures",
        cure="look at their errors in the results, then run the same command again",
    )
