"""The command ``check``: read and validate an input and forecast its run, without calling Twilio."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from provisioner import __version__
from provisioner.errors import ExitCode
from provisioner.ledger import InvalidRow, PlanStore, open_ledger
from provisioner.mapping import Mapping
from provisioner.models import PlanReport, WebChatRequest
from provisioner.models.forecast import Forecast
from provisioner.models.summary import CommandOutcome, Summary
from provisioner.options import CheckOptions, parse_rate
from provisioner.planning.forecast import Timing, Workload, forecast
from provisioner.planning.input import JobInput, PlanInterrupted, RowSettings, open_input
from provisioner.planning.plan import plan_input, validate_global_options
from provisioner.ports.user_interface import UserInterface
from provisioner.rows import mask_request
from provisioner.signals import StopSignals
from provisioner.sources import Detection

FIRST = 20
"""Number of invalid rows that are listed without ``--all``."""


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """Findings about an input: how each file is read, the forecast of a run, invalid rows, sample requests.

    ``detections`` are (file name, detection) pairs.
    """

    detections: Sequence[tuple[str, Detection]]
    plan: Forecast
    invalid: Sequence[InvalidRow]
    samples: Sequence[WebChatRequest]


async def check_job(files: Sequence[str], options: CheckOptions, ui: UserInterface, stop: StopSignals) -> Summary:
    """Perform ``provisioner check``; raise ``ProvisionerError`` as ``check_input`` does."""
    checked = await check_input(files, options, ui, stop)
    counts = checked.plan.counts
    return Summary(
        command="check",
        exit_code=ExitCode.REJECTED if counts.invalid else ExitCode.DONE,
        outcome=CommandOutcome.CHECKED,
        counts=counts,
        details=_details(checked),
    )


async def check_input(
    files: Sequence[str], options: CheckOptions, ui: UserInterface, stop: StopSignals | None = None
) -> CheckResult:
    """Read, map and validate every row by the same plan pass as a run, into a temporary ledger.

    Raise ``ProvisionerError`` for an input or a mapping that cannot be used at all, and ``StoppedError`` after a
    request to stop.
    """
    rate, stop = parse_rate(options.rate), stop or StopSignals()
    validate_global_options(address_sid=options.address_sid)
    mapping = Mapping.from_options(options)
    rows = RowSettings(friendly_name=options.friendly_name, must_say_something=True)
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


def _details(checked: CheckResult) -> dict[str, object]:
    """Return the findings as the details of the summary, in values that JSON can hold."""
    plan = checked.plan
    return {
        "valid": plan.counts.pending,
        "sources": [{"source": name, **_detected(detection)} for name, detection in checked.detections],
        "invalid_rows": [
            {
                "row": row.row,
                "line": row.line,
                "source": row.source,
                "key": row.key,
                "problems": [msgspec.structs.asdict(problem) for problem in row.problems],
            }
            for row in checked.invalid
        ],
        "rate_asked": plan.rate_asked,
        "duration_s": plan.duration_s,
        "finishes_at": plan.finishes_at.isoformat(timespec="seconds") if plan.finishes_at else None,
        "new_identities": plan.to_send,
        "plan_notes": list(plan.notes),
        "requests": [mask_request(request) for request in checked.samples],
    }


def _detected(detection: Detection) -> dict[str, object]:
    found = {what: msgspec.structs.asdict(finding) for what, finding in detection.findings()}
    return {**found, "skipped": [msgspec.structs.asdict(each) for each in detection.skipped]}
