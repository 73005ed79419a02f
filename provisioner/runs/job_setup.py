"""What sends the rows of a job, from its options: the same in the process that was typed and in every worker."""

from collections.abc import Iterator
from collections.abc import Mapping as Dictionary
from pathlib import Path

import msgspec
from msgspec import structs

from provisioner.errors import UsageError
from provisioner.ledger import LedgerLocation
from provisioner.mapping import Mapping
from provisioner.models.accounts import JobAccounts
from provisioner.models.environment import ProcessEnvironment
from provisioner.options import JobOptions, RunOptions, parse_duration, parse_failure_limit, parse_rate, parse_zone
from provisioner.pacing import parse_window
from provisioner.planning.accounts import read_accounts
from provisioner.planning.input import RowSettings
from provisioner.planning.plan import validate_global_options
from provisioner.rows import SHORTEST_CLOSE_S, SHORTEST_INACTIVE_S
from provisioner.target import JobTargets, Target

from .job_config import JobConfig
from .open_sending import SendConfig
from .run_kind import RunKind
from .send_schedule import SendSchedule
from .sending_context import RoundConfig


class JobSetup(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a job that decide what is sent, where, and when.

    ``sendings`` has the part of each account, by its SID; there is one, unless the options name a file of
    ``accounts``. ``schedule`` is that of a job for one account.
    """

    targets: JobTargets
    schedule: SendSchedule
    job: JobConfig
    sendings: Dictionary[str, SendConfig]
    accounts: JobAccounts | None = None

    @property
    def sending(self) -> SendConfig:
        """The part of the first account, which is the only one in a job for one."""
        return next(iter(self.sendings.values()))

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
        empty where this one starts its own or none. Of all files only that of the accounts is opened, which raises
        ``InputError`` as ``read_accounts`` does.
        """
        validate_global_options(options.address_sid, ui_version=options.ui_version, marker=options.marker)
        accounts = accounts_of_run(options)
        targets = JobTargets.choose(
            options, environment.environ, environment.home, is_simulated=options.simulate, accounts=accounts
        ).simulated_at(simulator)
        mapping = Mapping.from_options(
            options, ui_version=options.ui_version, default_address=targets.first.default_address
        )
        schedule = _schedule(options, kind)
        uses = schedule.limit(options.limit) or 0 if kind.is_cycled else 0
        return cls(
            targets=targets,
            schedule=schedule,
            job=_job(
                options,
                targets,
                structs.replace(mapping, accounts=accounts),
                uses=uses,
                ledger=ledger,
                spool_dir=spool_dir,
            ),
            sendings=dict(_sendings(options, kind, targets, accounts)),
            accounts=accounts,
        )


def accounts_of_run(options: JobOptions) -> JobAccounts | None:
    """Return the accounts of a job for many; None for any other job.

    Raise ``UsageError`` for options that belong to one account, and ``InputError`` as ``read_accounts`` does.
    """
    if not isinstance(options, RunOptions) or not options.accounts:
        return None
    for flag, is_given, why in (
        ("--history", options.history, "old chats belong to the rows of one account"),
        ("--max-open", options.max_open, "open conversations are counted in one account"),
        ("--rebuild-from", options.rebuild_from, "results do not say for sure what another account has"),
    ):
        if is_given:
            raise UsageError(f"{flag} with --accounts: {why}", cure="run each account on its own for that")
    return read_accounts(options.accounts)


def _schedule(options: JobOptions, kind: RunKind, rate: str = "") -> SendSchedule:
    """Return the schedule of an account; ``rate`` is its own one, empty for that of the options."""
    window = parse_window(options.window, parse_zone(options.tz))
    has_history = isinstance(options, RunOptions) and bool(options.history)
    return SendSchedule(
        rate=parse_rate(rate or options.rate), window=window, arrivals=kind.arrivals, has_history=has_history
    )


def _job(
    options: JobOptions,
    targets: JobTargets,
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
        place=targets.settings(),
        identity=options.identity,
        history=options.history if isinstance(options, RunOptions) else "",
    )


def _sendings(
    options: JobOptions, kind: RunKind, targets: JobTargets, accounts: JobAccounts | None
) -> Iterator[tuple[str, SendConfig]]:
    rates = {each.sid: each.rate for each in accounts or ()}
    for sid, target in targets.by_account.items():
        rate = rates.get(sid) or options.rate
        yield sid, _sending(options, kind, target, _schedule(options, kind, rate), rate)


def _sending(options: JobOptions, kind: RunKind, target: Target, schedule: SendSchedule, rate: str) -> SendConfig:
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
        rate=rate,
        drain_s=options.drain,
        defaults=_timers_given(options),
        give_up_s=parse_duration(kind.give_up, "--give-up") if kind.give_up else None,
        telemetry=kind.telemetry,
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
