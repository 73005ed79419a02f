"""What ``check`` finds out: everything about an input, without calling anybody."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from provisioner import __version__
from provisioner.ledger import InvalidRow, PlanStore, open_ledger
from provisioner.mapping import Mapping
from provisioner.models import PlanReport, WebChatRequest
from provisioner.models.forecast import Forecast
from provisioner.options import CheckOptions, parse_rate
from provisioner.planning.forecast import Timing, Workload, forecast
from provisioner.planning.input import JobInput, PlanInterrupted, RowSettings, open_input
from provisioner.planning.plan import plan_input, validate_global_options
from provisioner.ports.user_interface import UserInterface
from provisioner.signals import StopSignals
from provisioner.sources import Detection

FIRST = 20
"""How many invalid rows are listed, unless all are asked for."""


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """An input as a run would find it."""

    detections: Sequence[tuple[str, Detection]]
    plan: Forecast
    invalid: Sequence[InvalidRow]
    samples: Sequence[WebChatRequest]


async def check_input(
    files: Sequence[str], options: CheckOptions, ui: UserInterface, stop: StopSignals | None = None
) -> CheckResult:
    """Read, map and validate every row by the same plan pass as a run, into a ledger that is thrown away.

    Raise ``ProvisionerError`` for an input or a mapping that cannot be used at all, and where it is stopped.
    """
    rate, stop = parse_rate(options.rate), stop or StopSignals()
    validate_global_options(address_sid=options.address_sid)
    mapping = Mapping.from_options(options)
    rows = RowSettings(friendly_name=options.friendly_name)
    with open_input(files, options, mapping, rows, stop=stop) as job_input:
        async with open_ledger(None, job_input.mapping.settings(), version=__version__) as ledger:
            with ui.planning() as on_progress:
                report = await _plan(ledger, job_input, on_progress, stop)
            plan = forecast(
                report,
                Workload(to_send=report.counts.pending),
                Timing(rate=rate),
                now=datetime.now().astimezone(),
                is_real=True,
                notes=job_input.notes,
            )
            with ledger.reader() as reader:
                invalid = list(reader.invalid(None if options.all else FIRST))
        return CheckResult(
            detections=[(source.name, source.detection) for source in job_input.sources],
            plan=plan,
            invalid=invalid,
            samples=job_input.samples,
        )


async def _plan(
    ledger: PlanStore, job_input: JobInput, on_progress: Callable[[int], None], stop: StopSignals
) -> PlanReport:
    with stop.active(drain_s=0):
        stop.on_stop(job_input.interrupt)
        try:
            return await plan_input(ledger, job_input, on_progress)
        except PlanInterrupted:
            raise stop.error() from None
