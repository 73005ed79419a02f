"""What a run was asked for."""

import json
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from provisioner.errors import UsageError
from provisioner.ledger import LedgerLocation
from provisioner.load import Arrivals
from provisioner.mapping import Mapping
from provisioner.models.environment import ProcessEnvironment
from provisioner.options import (
    FailureLimit,
    LoadOptions,
    Rate,
    RunOptions,
    parse_duration,
    parse_failure_limit,
    parse_rate,
)
from provisioner.pacing import ArrivalSchedule, DailyWindow, Pacer, parse_window, parse_zone
from provisioner.planning.plan import validate_global_options
from provisioner.results import STDOUT
from provisioner.results.outputs import Outputs
from provisioner.rows import IdentityPolicy
from provisioner.runs.command_files import files_of_command
from provisioner.target import Target
from provisioner.twilio.closing import SHORTEST_TIMER_S

from .output_names import OutputNames

_REPORTED_OPTIONS = (
    *("rate", "stage", "duration", "arrivals", "seed", "cycle", "limit", "canary", "concurrency", "timeout"),
    *("max_attempts", "max_failures", "on_unknown", "window", "fail_if", "abort_if", "close_after"),
)
"""The options that a report tells."""


@dataclass(frozen=True)
class RunConfig:
    """What was asked for, checked as far as it can be without opening anything."""

    options: RunOptions | LoadOptions
    outputs: Outputs
    target: Target
    mapping: Mapping
    rate: Rate
    failures: FailureLimit | None
    ledger: LedgerLocation
    output_names: OutputNames
    resume_command: str
    window: DailyWindow | None = None
    max_duration_s: float | None = None
    arrivals: Arrivals | None = None
    """When rows are due in a load test; None in a run, which starts them evenly."""
    close_after_s: float | None = None
    """Created conversations close by themselves when they are unused for so long; None: never."""

    @classmethod
    def from_options(
        cls, options: RunOptions | LoadOptions, environment: ProcessEnvironment, arrivals: Arrivals | None = None
    ) -> "RunConfig":
        """Check the options; raise ``UsageError`` for the first that cannot be followed."""
        output_names = OutputNames.read(options, environment.moment)
        options = output_names.with_dates(options)
        outputs = Outputs(options)
        if outputs.path == STDOUT and (options.ledger is None or options.json):
            clash = "--json" if options.json else "no --ledger"
            raise UsageError(f"results on stdout, and {clash}", cure="name a file with -o, or add --ledger PATH")
        validate_global_options(
            address_sid=options.address_sid, ui_version=options.ui_version, marker=options.marker
        )
        ledger = LedgerLocation.parse(options.ledger) if options.ledger else LedgerLocation.beside(outputs.path)
        target = Target.choose(options, environment.environ, environment.home, is_simulated=options.simulate)
        return cls(
            options=options,
            outputs=outputs,
            target=target,
            mapping=Mapping.from_options(
                options, ui_version=options.ui_version, default_address=target.default_address
            ),
            rate=parse_rate(options.rate),
            failures=parse_failure_limit(options.max_failures),
            ledger=ledger,
            output_names=output_names,
            resume_command=output_names.resume_command(environment.command),
            window=parse_window(options.window, parse_zone(options.tz)),
            max_duration_s=_time_given(options.max_duration),
            arrivals=arrivals,
            close_after_s=_timer_given(options.close_after),
        )

    @contextmanager
    def alone(self, inputs: Sequence[str], environment: ProcessEnvironment) -> Iterator[None]:
        """Keep other occasions of the same command away while the context lasts.

        Raise ``UsageError`` when a file that is read, kept or written is another such file as well.
        """
        locked = self.output_names.locked
        told = {"files": inputs}
        files_of_command(
            self.options, told, environment.environ, environment.home, locked=locked
        ).require_distinct()
        with self.output_names.exclusive():
            yield

    def job_settings(self, mapping: Mapping) -> dict[str, str]:
        """Describe what the ledger belongs to; another value anywhere is another job.

        What a double on this machine created is not at Twilio, so a rehearsal and the real thing are two jobs.
        """
        marker = {"marker": self.options.marker} if self.options.marker else {}
        return {**self.target.settings(), **mapping.settings(), **marker}

    @property
    def command(self) -> str:
        """The command it was asked for with."""
        return "load" if isinstance(self.options, LoadOptions) else "run"

    @property
    def limit(self) -> int | None:
        """At most so many rows are sent in this run; None for no limit."""
        limits = [self.options.limit or None, self.arrivals.offered if self.arrivals else None]
        return min((limit for limit in limits if limit is not None), default=None)

    def required_rows(self, rows: int) -> int:
        """Return how many of the rows that may be sent have to be: a load test ends when its time is up."""
        return rows if self.arrivals is None else min(rows, self.limit or rows)

    @property
    def cycled_rows(self) -> int:
        """How many rows to make of the records, going round; 0 for one of each."""
        options = self.options
        return self.limit or 0 if isinstance(options, LoadOptions) and options.cycle else 0

    @property
    def peak_rate(self) -> Rate:
        """The pace asked for, at its highest."""
        return self.rate if self.arrivals is None else Rate(per_second=self.arrivals.peak)

    def finish(self, start: datetime, seconds: float) -> datetime | None:
        """Return when so many seconds of sending are over that begin at ``start``; None: in a distant year."""
        return self.window.finish(start, seconds) if self.window else start + timedelta(seconds=seconds)

    @property
    def duration_s(self) -> float | None:
        """How long it takes where that does not follow from rows and pace."""
        return self.arrivals.duration_s if self.arrivals and self.arrivals.offered is not None else None

    def pacer(self) -> Pacer:
        """Return what lets this order's requests start."""
        if self.arrivals is None:
            return Pacer(self.rate, window=self.window)
        schedule = ArrivalSchedule(
            self.arrivals.times(),
            rate=self.arrivals.peak,
            headroom=self.arrivals.headroom,
            lone=self.options.canary,
        )
        return Pacer(self.peak_rate, schedule=schedule, window=self.window)

    @property
    def options_json(self) -> str:
        """How fast and how far it was asked to go, as JSON for reports; nothing of it is about customers."""
        values = {name: getattr(self.options, name, None) for name in _REPORTED_OPTIONS}
        return json.dumps({name: _written(value) for name, value in values.items() if value})

    def identity_policy(self, job_id: str) -> IdentityPolicy:
        """Return how the rows of this job are named at Twilio."""
        return IdentityPolicy(job_id, self.options.identity or "auto", self.options.marker)

    @property
    def reconcile_command(self) -> str:
        """Return the command that looks this job's unknown rows up, ready to be typed."""
        return shlex.join(["provisioner", "reconcile", str(self.ledger), *self.target.flags()])

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing about the order before it is carried out."""
        options = self.options
        cautions = [f"nothing starts outside of --window {self.window}"] if self.window else []
        if options.on_unknown == "resend":
            cautions.append(
                "--on-unknown resend: a row whose answer is lost is sent again, and may be created twice"
            )
        elif options.identity == "none" and not options.marker:
            cautions.append("without identity and without --marker, rows whose answer is lost stay unknown")
        return (*self.target.notes, *cautions)


def _time_given(text: str) -> float | None:
    if not text:
        return None
    seconds = parse_duration(text, "--max-duration")
    if not seconds:
        raise UsageError(f"--max-duration {text!r} gives it no time", cure="omit it, or give it some, as 6h")
    return seconds


def _timer_given(text: str) -> float | None:
    if not text:
        return None
    seconds = parse_duration(text, "--close-after")
    if seconds < SHORTEST_TIMER_S:
        raise UsageError(
            f"--close-after {text!r}: Twilio takes no timer below ten minutes", cure="give it 10m, or more"
        )
    return seconds


def _written(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else "yes" if value is True else str(value)
