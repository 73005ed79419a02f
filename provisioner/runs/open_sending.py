"""Everything that sending needs, open: connections, clients, and what watches the run."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from functools import partial

import msgspec
from msgspec import structs

from provisioner.http_client.transport import Transport
from provisioner.ledger import SharedRate, SharedRates, open_shared_rates
from provisioner.models import Counts
from provisioner.models.forecast import Forecast
from provisioner.monitor import RunMonitor
from provisioner.pacing import Reachability
from provisioner.planning.feed import SourceFeed
from provisioner.ports.sending import SendPermit
from provisioner.ports.telemetry import ObservedAccount, RowTelemetry, Telemetry
from provisioner.rows import IdentityPolicy
from provisioner.sending import Stop, StopKind
from provisioner.target import Target
from provisioner.twilio.endpoints import endpoints_of_steps
from provisioner.twilio.webchats import encode_all

from .clients import RunClients
from .open_job import OpenJob
from .send_schedule import SendSchedule
from .sending_context import RoundConfig, SendingContext
from .service_checks import service_check_of
from .work_stop import WorkStop


class SendConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Configuration of the second step.

    ``rate`` is the value of ``--rate``, as the user wrote it. ``drain_s`` is the time in seconds that requests in
    flight have to finish after a stop. ``defaults`` are texts by field, for rows that do not fill it.
    ``give_up_s`` is the longest time in seconds for which Twilio may be out of reach, None when a failed
    connection counts as an attempt. ``telemetry`` exports traces and metrics, if there is any.
    """

    target: Target
    schedule: SendSchedule
    rounds: RoundConfig
    rate: str
    drain_s: float
    defaults: Mapping[str, str] = msgspec.field(default_factory=dict)
    give_up_s: float | None = None
    telemetry: Telemetry | None = None


class StartingPoint(msgspec.Struct, frozen=True):
    """What a run has before it: counts at its start, rows to send, and created rows that only owe a message."""

    counts: Counts
    to_send: int
    to_post: int = 0

    @classmethod
    def of(cls, planned: Forecast) -> "StartingPoint":
        """Return that of the process that has planned the run."""
        return cls(planned.counts, planned.to_send, planned.to_post)


class OpenSending(msgspec.Struct, frozen=True):
    """What sends rows, with the connections and the reachability that it counts by."""

    context: SendingContext
    transport: Transport
    reachability: Reachability


@asynccontextmanager
async def open_sending(
    job: OpenJob,
    config: SendConfig,
    identity_policy: IdentityPolicy,
    start: StartingPoint,
    *,
    permit: SendPermit | None = None,
    rates: SharedRates | None = None,
) -> AsyncIterator[OpenSending]:
    """Open the connections, and yield what sends the rows of a job; close them at the end.

    All workers and jobs in a database keep one rate for an account; ``rates`` are those of the database, if they
    are open. Nothing is sent while ``permit`` is not held. Raise ``ProvisionerError`` when no transport opens.
    """
    stop = WorkStop()
    reachability = Reachability(
        give_up_s=config.give_up_s,
        concurrency=config.rounds.concurrency,
        stop=lambda error: stop.drain(Stop(StopKind.UNREACHABLE, error)),
        tell=job.ui.print_status,
        permit=permit,
    )
    opened = config.target.open(config.schedule.peak_rate, permit=permit)
    async with opened as transport, _account_rate(job, config, rates) as shared_rate:
        clients = RunClients.over(
            transport,
            config.schedule,
            identity_policy,
            lone=config.rounds.canary,
            reachability=reachability,
            service_check=service_check_of(config.target, transport, job.ledger, reachability),
            shared_rate=shared_rate,
        ).with_history(job.history)
        monitor = _monitor(start, clients, reachability, stop)
        feed = partial(SourceFeed, job.input, identity_policy, config.defaults, encode_all)
        context = SendingContext(
            config=config.rounds, ledger=job.ledger, new_feed=feed, clients=clients, monitor=monitor, stop=stop
        )
        with _telemetry(config, transport, monitor) as telemetry:
            yield OpenSending(structs.replace(context, telemetry=telemetry), transport, reachability)


@asynccontextmanager
async def _account_rate(
    job: OpenJob, config: SendConfig, rates: SharedRates | None
) -> AsyncIterator[SharedRate | None]:
    """Yield the rate that all workers and jobs of the account share in the ledger's database.

    None for a file, and for a schedule that is not shared.
    """
    account = config.target.account.account_sid
    if not config.schedule.is_shareable:
        yield None
    elif rates is not None:
        yield rates.rate_of(account)
    else:
        async with open_shared_rates(job.ledger.location) as opened:
            yield None if opened is None else opened.rate_of(account)


def _telemetry(
    config: SendConfig, transport: Transport, monitor: RunMonitor
) -> AbstractContextManager[RowTelemetry | None]:
    if config.telemetry is None:
        return nullcontext()
    account = ObservedAccount(
        account_sid=config.target.account.account_sid,
        is_simulated=config.target.is_local,
        endpoints=endpoints_of_steps(transport),
    )
    return config.telemetry.observing(monitor, account)


def _monitor(start: StartingPoint, clients: RunClients, reachability: Reachability, stop: WorkStop) -> RunMonitor:
    monitor = RunMonitor(
        start.counts,
        to_send=start.to_send,
        to_post=start.to_post,
        pacer_status=clients.pacer,
        outage=lambda: reachability.pause,
    )
    stop.on_drain = monitor.drain
    return monitor
