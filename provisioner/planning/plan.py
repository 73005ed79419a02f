"""Plan pass: read and validate every record and store the plan in the ledger."""

import asyncio
from collections.abc import Callable, Sequence
from shlex import quote

from msgspec import structs

from provisioner import __version__
from provisioner.errors import UsageError
from provisioner.ledger import LedgerLocation, PlanNotes, PlanStore
from provisioner.models import PlanReport, ReplacedInput
from provisioner.models.plan_entries import EntryBatches
from provisioner.models.sids import SidKind
from provisioner.models.text import pluralize
from provisioner.planning.findings import PlanFindings
from provisioner.planning.input import JobInput
from provisioner.rows import validate_address, validate_marker, validate_ui_version
from provisioner.sources import Source
from provisioner.system.patterns import late_pattern
from provisioner.system.printable import shortened, shortened_path

_HASH = late_pattern(r"[0-9a-f]{32}(?:-\d+)?")
"""A key that is made of a row's content."""
_SHOWN_OF_HASH = 8
_MOST_OF_KEY = 40
"""Characters of a key that are shown."""


def validate_global_options(address_sid: str = "", *, ui_version: str = "", marker: str = "") -> None:
    """Raise ``UsageError`` when the value of an option that applies to all rows is not valid.

    Such a value would make every row invalid. An empty text means that the option was not given.
    """
    if address_sid and (faults := validate_address(address_sid)):
        raise UsageError(f"--address-sid {faults[0]}", cure="take it from the Console: Conversations, Addresses")
    if ui_version and (faults := validate_ui_version(ui_version)):
        raise UsageError(f"--ui-version {faults[0]}", cure="write it like 1.0.0")
    if marker and (faults := validate_marker(marker)):
        raise UsageError(f"--marker {faults[0]}", cure="write it like provisioner_row")


async def plan_input(
    ledger: PlanStore,
    job_input: JobInput,
    on_progress: Callable[[int], None],
    *,
    on_replaced: Callable[[ReplacedInput], None] | None = None,
) -> PlanReport:
    """Write the plan of an input to the ledger and return its counts.

    The input is not read again when this version of the program has planned the same bytes, read in the same way;
    the report then has ``is_reused``. ``on_progress`` is given the number of rows read so far. ``on_replaced`` is
    called for an input that would create again what was created; see ``PlanStore.plan``. Raise as
    ``JobInput.entries`` does, also where the input is not read again, and ``UsageError`` where, with
    ``on_replaced``, accounts are not what they were for rows without key columns.
    """
    fingerprints = await asyncio.to_thread(job_input.fingerprints)
    reader = describe_reading(job_input)
    notes = await ledger.notes()
    findings = PlanFindings.from_note(notes.findings)
    if findings and notes.planned_by == reader and await ledger.planned_inputs() == fingerprints:
        job_input.reuse(findings)
        return PlanReport(counts=await ledger.counts(), is_reused=True)
    if on_replaced is not None and (await ledger.counts()).with_outcome:
        _require_same_accounts(job_input, notes.planned_by)
    entries = EntryBatches(job_input.entry_batches())
    report = await ledger.plan(entries, fingerprints, on_progress=on_progress, on_replaced=on_replaced)
    await ledger.set_notes(**notes_of_plan(job_input))
    return report


def notes_of_plan(job_input: JobInput) -> PlanNotes:
    """Return the notes about the plan that the last pass has made, with which the next run may reuse it."""
    return PlanNotes(planned_by=describe_reading(job_input), findings=job_input.findings.to_note())


def describe_reading(job_input: JobInput) -> str:
    """Return the program version, the format in which it reads each source, and the fields that columns fill."""
    return "\n".join(
        [__version__, *map(_reading_of, job_input.sources), *job_input.manner, job_input.named_fields]
    )


def replaced_input_error(replaced: ReplacedInput, files: Sequence[str], ledger: LedgerLocation) -> UsageError:
    """Return the error for an input that would create again what the job has created, as ``replaced`` says how."""
    named = ", ".join(map(shortened_path, files))
    if replaced.respelt_keys:
        pairs = (f"{shortened(there)} there is {shortened(here)} here" for there, here in replaced.respelt_keys)
        return UsageError(
            f"{named} spells its keys in another way than {ledger}, as after a spreadsheet program: "
            f"{', '.join(pairs)}",
            cure=f"export {named} again, with the key as text; --replace-input sends these rows as new ones",
        )
    if replaced.moved_keys:
        return _moved_rows_error(replaced, named, ledger)
    if replaced.is_read_differently:
        others = pluralize("row", replaced.earlier_rows - replaced.found_rows)
        return UsageError(
            f"{named} has not changed, but {others} with a result in {ledger} would be read as another one now, "
            "and created again",
            cure="give --encoding, --sheet and other options of the input as before, or use the version of the "
            "program that created the rows; --replace-input sends these rows as new ones",
        )
    earlier = ", ".join(map(shortened_path, replaced.earlier_inputs))
    found = f"{replaced.found_rows:,} of the {pluralize('row', replaced.earlier_rows)} with a result"
    again = f"bring the earlier {named} back" if earlier == named else f"name {earlier}"
    if not replaced.found_rows and not replaced.new_keys:
        lost = pluralize("row", replaced.earlier_rows)
        return UsageError(
            f"{named} has no row that could be sent, and {lost} with a result in {ledger} would leave the results",
            cure=f"if nothing is new, nothing has to be run; else export {named} again, or {again}; "
            "--replace-input goes on with this ledger",
        )
    return UsageError(
        f"{named} looks like another job's input: {found} in {ledger} are in it; "
        f"there the keys are {show_keys(replaced.earlier_keys)}, here {show_keys(replaced.new_keys)}",
        cure=f"give {named} an -o of its own, or {again}; --replace-input goes on with this ledger",
    )


def _require_same_accounts(job_input: JobInput, planned_by: str | None) -> None:
    """Raise ``UsageError`` where an account has another name or address than in the plan of ``planned_by``.

    Both are part of a row's content, and so, without key columns, of its key: its rows would be other ones.
    """
    accounts = job_input.mapping.accounts
    if accounts is None or job_input.has_keys:
        return
    lines = (line.partition(" ") for line in (planned_by or "").splitlines())
    before = {sid: digest for sid, _, digest in lines if SidKind.ACCOUNT.matches(sid)}
    now = accounts.digests
    for each in accounts:
        if before.get(each.sid, now[each.sid]) != now[each.sid]:
            raise UsageError(
                f"{shortened_path(accounts.source)}, line {each.line}: the account has another name or "
                "address_sid than when rows of this job were sent, and without --key these may be new rows now, "
                "and be created again",
                cure="undo the change; --replace-input goes on, and sends those that are new rows",
            )


def _moved_rows_error(replaced: ReplacedInput, files: str, ledger: LedgerLocation) -> UsageError:
    """Return the error for rows that were created in one account, and that the input names for another one now."""
    moved = (_shown_move(*keys) for keys in replaced.moved_keys)
    more = ", …" if replaced.moved_rows > len(replaced.moved_keys) else ""
    rows = pluralize("row", replaced.moved_rows, "has", "have")
    return UsageError(
        f"{rows} a conversation in {ledger}, or perhaps one, and another account now: {', '.join(moved)}{more}",
        cure=f"undo the change of the accounts in {files}, or of the lines and names in the file of --accounts; "
        "--replace-input leaves those conversations as they are, and sends these rows in the accounts of now",
    )


def _shown_move(was: str, now: str) -> str:
    (account, _, key), (other, _, _) = was.partition("|"), now.partition("|")
    return f"{shortened(key, _MOST_OF_KEY)} from {account} to {other or 'none of the accounts'}"


def show_keys(keys: Sequence[str]) -> str:
    """Return keys as a list for a message; of keys that are hashes only the start is shown."""
    shown = [
        f"{key[:_SHOWN_OF_HASH]}… (of its content)" if _HASH.fullmatch(key) else shortened(key, _MOST_OF_KEY)
        for key in keys
    ]
    return f"{', '.join(shown)} …" if shown else "none"


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
        cure=f"look at its letters with 'provisioner check {quote(name)}', then add "
        f"--encoding {encoding}, or --yes",
    )


def skipped_records(sources: Sequence[Source]) -> dict[str, object]:
    """Return the records of all sources that are not rows, such as footers, as details for ``--json``.

    ``skipped`` is a list of dicts with ``source``, ``line`` and ``what``. Where there are more than it holds,
    ``skipped_total`` is their number.
    """
    kept = [{"source": source.name, **structs.asdict(each)} for source in sources for each in source.skipped]
    total = sum(source.skipped.total for source in sources)
    return {"skipped": kept, "skipped_total": total} if total > len(kept) else {"skipped": kept}
