"""Plan pass: read and validate every record and store the plan in the ledger."""

import asyncio
from collections.abc import Callable, Sequence

from msgspec import structs

from provisioner import __version__
from provisioner.errors import UsageError
from provisioner.ledger import PlanStore
from provisioner.models import PlanReport
from provisioner.planning.input import JobInput
from provisioner.rows import validate_address, validate_marker, validate_ui_version
from provisioner.sources import Source


def validate_global_options(*, address_sid: str = "", ui_version: str = "", marker: str = "") -> None:
    """Raise ``UsageError`` when the value of an option that applies to all rows is not valid.

    Such a value would make every row invalid. An empty text means that the option was not given.
    """
    if address_sid and (faults := validate_address(address_sid)):
        raise UsageError(f"--address-sid {faults[0]}", cure="take it from the Console: Conversations, Addresses")
    if ui_version and (faults := validate_ui_version(ui_version)):
        raise UsageError(f"--ui-version {faults[0]}", cure="write it like 1.0.0")
    if marker and (faults := validate_marker(marker)):
        raise UsageError(f"--marker {faults[0]}", cure="write it like provisioner_row")


async def plan_input(ledger: PlanStore, job_input: JobInput, on_progress: Callable[[int], None]) -> PlanReport:
    """Write the plan of an input to the ledger and return its counts.

    The input is not read again when this version of the program has planned the same bytes, read in the same way;
    the report then has ``is_reused``. ``on_progress`` is given the number of rows read so far. Raise as
    ``JobInput.entries`` does.
    """
    fingerprints = await asyncio.to_thread(lambda: [source.fingerprint() for source in job_input.sources])
    reader = "\n".join([__version__, *map(_reading_of, job_input.sources), *job_input.manner])
    if (await ledger.notes()).planned_by == reader and await ledger.planned_inputs() == fingerprints:
        return PlanReport(counts=await ledger.counts(), is_reused=True)
    await ledger.set_notes(results="")  # an existing results file belongs to the old plan, even if this pass fails
    report = await ledger.plan(job_input.entries(), fingerprints, on_progress=on_progress)
    await ledger.set_notes(planned_by=reader)
    return report


def _reading_of(source: Source) -> str:
    """Return the findings (encoding, delimiter …) that decide which records the bytes of a source hold."""
    return " ".join(repr(finding.value) for _, finding in source.detection.findings())


def unconfirmed_encoding_error(sources: Sequence[Source]) -> UsageError | None:
    """Return the error for the first source whose encoding is only a guess; None when there is none.

    The caller raises it before sending, unless the user has confirmed the encoding.
    """
    guessed = [source for source in sources if source.detection.encoding.is_guess]
    if not guessed:
        return None
    name, encoding = guessed[0].name, guessed[0].detection.encoding.value
    return UsageError(
        f"{name}: its encoding, {encoding}, is only a guess, so nothing was sent",
        cure=f"look at its letters with 'provisioner check {name}', then add --encoding {encoding}, or --yes",
    )


def skipped_records(sources: Sequence[Source]) -> list[dict[str, object]]:
    """Return the skipped lines of all sources, such as footers: dicts with ``source``, ``line`` and ``what``."""
    return [
        {"source": source.name, **structs.asdict(each)} for source in sources for each in source.detection.skipped
    ]
