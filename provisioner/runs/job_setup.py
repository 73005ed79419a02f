"""What sends the rows of a job, from its options: the same in the process that was typed and in every worker."""

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, replace
from pathlib import Path

from provisioner.errors import UsageError
from provisioner.ledger import LedgerLocation
from provisioner.mapping import Mapping
from provisioner.models.environment import ProcessEnvironment
from provisioner.options import JobOptions, RunOptions, parse_duration, parse_failure_limit, parse_rate
from provisioner.pacing import parse_window, parse_zone
from provisioner.planning.input import RowSettings
from provisioner.planning.plan import validate_global_options
from provisioner.rows import SHORTEST_CLOSE_S, SHORTEST_INACTIVE_S
from provisioner.target import Target

from .job_config import JobConfig
from .open_sending import SendConfig
from .run_kind import RunKind
from .send_schedule import SendSchedule
from .sending_context import RoundConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSetup:
    """Options of a job that decide what is sent, where, and when; checked without opening a file."""

    target: Target
    schedule: SendSchedule
    job: JobConfig
    sending: SendConfig

    @classmethod
    def from_options(
        cls,
        options: JobOptions,
        kind: RunKind,
        environment: ProcessEnvironment,
        *,
        ledger: LedgerLocation,
        spool_dir: Path | None,
        simulator: str = "",
    ) -> "JobSetup":
        """Return the set-up of a job whose ledger is at ``ledger``; raise ``UsageError`` for an invalid option.

        ``spool_dir`` is that of ``JobConfig``. ``simulator`` is the URL of the simulator of another process,
        empty where this one starts its own or none.
        """
        validate_global_options(options.address_sid, ui_version=options.ui_version, marker=options.marker)
        target = Target.choose(options, environment.environ, environment.home, is_simulated=options.simulate)
        target = replace(target, simulator=simulator)
        mapping = Mapping.from_options(
            options, ui_version=options.ui_version, default_address=target.default_address
        )
        schedule = _schedule(options, kind)
        uses = schedule.limit(options.limit) or 0 if kind.is_cycled else 0
        return cls(
            target=target,
            schedule=schedule,
            job=_job(options, target, mapping, uses=uses, ledger=ledger, spool_dir=spool_dir),
            sending=_sending(options, kind, target, schedule),
        )


def _schedule(options: JobOptions, kind: RunKind) -> SendSchedule:
    rate = parse_rate(options.rate)
    window = parse_window(options.window, parse_zone(options.tz))
    has_history = isinstance(options, RunOptions) and bool(options.history)
    return SendSchedule(rate=rate, window=window, arrivals=kind.arrivals, has_history=has_history)


def _job(
    options: JobOptions,
    target: Target,
    mapping: Mapping,
    *,
    uses: int,
    ledger: LedgerLocation,
    spool_dir: Path | None,
) -> JobConfig:
    return JobConfig(
        reading=options,
        mapping=mapping,
        rows=RowSettings(
            friendly_name=options.friendly_name,
            marker=options.marker,
            uses=uses,
            must_say_something=not options.allow_blank,
        ),
        ledger=ledger,
        spool_dir=spool_dir,
        place=target.settings(),
        identity=options.identity,
        history=options.history if isinstance(options, RunOptions) else "",
    )


def _sending(options: JobOptions, kind: RunKind, target: Target, schedule: SendSchedule) -> SendConfig:
    return SendConfig(
        target=target,
        schedule=schedule,
        rounds=RoundConfig(
            retry=kind.retry,
            limit=schedule.limit(options.limit),
            concurrency=options.concurrency,
            canary=options.canary,
            failures=parse_failure_limit(options.max_failures),
            settle_delay_s=options.settle_delay,
            max_open=options.max_open,
            service_sid=target.service_sid,
            may_share=options.allow_shared,
            other_host=target.other_host,
        ),
        rate=options.rate,
        drain_s=options.drain,
        defaults=_timers_given(options),
        give_up_s=parse_duration(kind.give_up, "--give-up") if kind.give_up else None,
    )


_TIMERS = (
    ("inactive_after", SHORTEST_INACTIVE_S, "of inactivity below a minute", "1m"),
    ("close_after", SHORTEST_CLOSE_S, "below ten minutes", "10m"),
)


def _timers_given(options: JobOptions) -> Dictionary[str, str]:
    """Return the timers of ``--inactive-after`` and ``--close-after`` by field, for rows without their own."""
    given = {field: text for field, *_ in _TIMERS if (text := getattr(options, field))}
    for field, shortest_s, what, least in _TIMERS:
        flag = f"--{field.replace('_', '-')}"
        if field in given and parse_duration(given[field], flag) < shortest_s:
            raise UsageError(
                f"{flag} {given[field]!r}: Twilio accepts no timer {what}", cure=f"give it {least}, or more"
            )
    return given
