"""What sending rows and looking them up needs: limits, the ledger, the input, and clients over one transport."""

from collections.abc import Callable

import msgspec

from provisioner.ledger import Ledger
from provisioner.monitor import RunMonitor
from provisioner.options import FailureLimit
from provisioner.planning.feed import SourceFeed
from provisioner.ports.sending import Admission
from provisioner.ports.telemetry import MonitoredRun, RowTelemetry
from provisioner.sending import Dispatcher, DispatchLimits

from .clients import RunClients
from .row_selection import RetryConfig
from .work_stop import WorkStop


class RoundConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of sending and looking up.

    ``limit`` is the most rows that a run sends, None for no limit. ``concurrency`` is the most requests in flight.
    ``canary`` is the number of rows that are sent alone first. ``failures`` is the limit of ``--max-failures``.
    ``settle_delay_s`` is the time in seconds before a look-up may report a row as absent. While ``max_open``
    conversations of the job are open, none is created; 0 is no limit. ``service_sid`` is the Conversations service
    that is asked, empty for the account's default one. With ``may_share``, rows
    with the same identity of the user's own may share a conversation. ``other_host`` is the host that is asked
    when it is not Twilio's.
    """

    retry: RetryConfig
    limit: int | None
    concurrency: int
    canary: int
    failures: FailureLimit | None
    settle_delay_s: float
    max_open: int = 0
    service_sid: str = ""
    may_share: bool = False
    other_host: str = ""


class SendingContext(msgspec.Struct, frozen=True, kw_only=True):
    """What one run sends rows and looks them up with. ``new_feed`` starts another pass over the input.

    ``telemetry`` observes the rows in place of ``monitor``, to which it passes every event on.
    """

    config: RoundConfig
    ledger: Ledger
    new_feed: Callable[[], SourceFeed]
    clients: RunClients
    monitor: RunMonitor
    stop: WorkStop
    telemetry: RowTelemetry | None = None

    @property
    def observer(self) -> MonitoredRun | RowTelemetry:
        """What is told of every event."""
        return self.monitor if self.telemetry is None else self.telemetry

    def dispatcher(
        self,
        to_send: int,
        *,
        canary: int,
        admission: Admission | None = None,
        failed_elsewhere: Callable[[], int] = int,
        ahead: int = 64,
    ) -> Dispatcher:
        """Return what sends the rows that can be claimed; ``to_send`` is their number, for a limit in percent.

        ``canary`` of them are sent alone first. See ``Dispatcher`` and ``DispatchLimits`` for the others.
        """
        config = self.config
        return Dispatcher(
            ledger=self.ledger,
            row_loader=self.new_feed(),
            calls=self.clients.calls,
            observer=self.observer,
            limits=DispatchLimits(
                concurrency=config.concurrency,
                max_attempts=config.retry.max_attempts,
                canary=canary,
                failures=config.failures,
                to_send=to_send,
                resends_unknown=config.retry.resends_unknown,
                may_share=config.may_share,
                other_host=config.other_host,
                failed_elsewhere=failed_elsewhere,
                ahead=ahead,
            ),
            admission=admission,
            traced=None if self.telemetry is None else self.telemetry.traced,
        )
