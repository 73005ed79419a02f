"""Protocols of telemetry: what observes the rows of a run, and exports what it has seen.

They import no library, so that a run without telemetry loads none.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

import msgspec

from provisioner.models import AttemptResult, Row, Status, Step, UnknownRow
from provisioner.models.progress import Progress

from .sending import Observer

_T = TypeVar("_T")


class Endpoint(msgspec.Struct, frozen=True):
    """Endpoint of one kind of request; in its URL, ``REDACTED`` replaces what belongs to a customer."""

    method: str
    url: str


class ObservedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What the requests of one account have in common.

    ``is_simulated`` says that they stay on this machine, and nothing of them is at Twilio.
    """

    account_sid: str
    is_simulated: bool
    endpoints: Mapping[Step, Endpoint]


class RowObserver(Observer, Protocol):
    """Observer of rows that are sent, and of unknown rows that are looked up."""

    def resolved(self, row: UnknownRow, status: Status, evidence: AttemptResult) -> None:
        """Note the new status of an unknown row after a look-up; ``PENDING``: no conversation exists."""
        ...


class MonitoredRun(RowObserver, Protocol):
    """Observer that counts; it has the figures of the run in one account."""

    def snapshot(self) -> Progress:
        """Return the current progress."""
        ...


class RowTelemetry(RowObserver, Protocol):
    """Observer that passes every event on to the monitor of the run, and exports what it has seen."""

    def traced(self, process: Callable[[Row], Awaitable[_T]]) -> Callable[[Row], Awaitable[_T]]:
        """Return a function that does what ``process`` does with a row, and ends the trace of the row after it."""
        ...


class Telemetry(Protocol):
    """What exports the telemetry of a command."""

    def observing(self, monitor: MonitoredRun, account: ObservedAccount) -> AbstractContextManager[RowTelemetry]:
        """Return a context that yields what observes the rows of an account, in place of ``monitor``."""
        ...
