"""What ``check`` finds out: everything about an input, without calling anybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from provisioner import __version__
from provisioner.ledger import InvalidRow, open_ledger, open_reader
from provisioner.mapping import Mapping
from provisioner.models import WebChatRequest
from provisioner.models.forecast import Forecast
from provisioner.options import CheckOptions, parse_rate
from provisioner.planning.forecast import forecast
from provisioner.planning.input import open_input
from provisioner.planning.plan import plan_input, validate_global_options
from provisioner.ports.user_interface import UserInterface
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


async def check_input(files: Sequence[str], options: CheckOptions, ui: UserInterface) -> CheckResult:
    """Read, map and validate every row by the same plan pass as a run, into a ledger that is thrown away.

    Raise ``ProvisionerError`` for an input or a mapping that cannot be used at all.
    """
    rate = parse_rate(options.rate)
    validate_global_options(address_sid=options.address_sid)
    mapping = Mapping.from_options(options)
    with open_input(files, options, mapping, friendly_name=options.friendly_name) as job_input:
        async with open_ledger(None, job_input.mapping.settings(), version=__version__) as ledger:
            with ui.planning() as on_progress:
                report = await plan_input(ledger, job_input, on_progress)
            plan = forecast(
                report,
                to_send=report.counts.pending,
                rate=rate,
                now=datetime.now().astimezone(),
                is_real=True,
                notes=job_input.notes,
            )
            with open_reader(ledger.path) as reader:
                invalid = list(reader.invalid(None if options.all else FIRST))
        return CheckResult(
            detections=[(source.name, source.detection) for source in job_input.sources],
            plan=plan,
            invalid=invalid,
            samples=job_input.samples,
        )
