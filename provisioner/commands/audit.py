"""The command ``reconcile --audit``: compare a job's created rows with Twilio, changing nothing."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from provisioner.errors import ExitCode, ProvisionerError, UsageError
from provisioner.ledger import CreatedRow
from provisioner.models import Counts, UnknownRow
from provisioner.models.discrepancy import Discrepancy
from provisioner.models.progress import Progress
from provisioner.models.summary import CommandOutcome, ErrorInfo, Summary
from provisioner.models.text import pluralize
from provisioner.reconciling import BATCH, Audit, AuditedRow
from provisioner.signals import StopSignals

from .look_ups import LookUps


async def audit_job(look_ups: LookUps, stop_signals: StopSignals) -> Summary:
    """Audit the created rows of an open ledger; raise ``UsageError`` if rows cannot be looked up."""
    ledger = look_ups.ledger
    counts = await ledger.counts()
    async with look_ups.finder() as chosen:
        if chosen.finder is None:
            raise _no_audit(chosen.reason)
        since = datetime.fromisoformat(ledger.manifest.created_at).timestamp()
        size = BATCH if chosen.finder.by_identity else counts.created
        with ledger.reader() as reader:
            reader.require_sids()
            orphans = reader.orphans()
            close_ledger = ledger.closing(deletes=False, service_sid=look_ups.service_sid)
            audit = Audit(
                chosen.finder,
                taken=ledger.assigned_conversations,
                shared=reader.shared(),
                settle_delay_s=look_ups.settle_delay_s,
                service_sid=look_ups.service_sid,
                is_known=await close_ledger.has_deleted(),
            )
            batches = _batches((_created(row, since) for row in reader.created()), size)
            await look_ups.run(
                lambda: audit.run(batches), lambda: _progress(audit, counts, look_ups.outage), stop_signals
            )
    return Summary(
        command="reconcile",
        exit_code=_exit_code(audit, look_ups.error, stop_signals.exit_code),
        outcome=_outcome(audit, look_ups.error),
        error=ErrorInfo.from_error(look_ups.error) if look_ups.error else None,
        counts=counts.final,
        ledger=str(ledger.location),
        notes=tuple(_unaudited(counts.final, look_ups.reconcile)),
        details={
            "audited": audit.rows,
            "findings": [finding._asdict() for finding in audit.findings],
            "orphans": [orphan._asdict() for orphan in orphans],
        },
    )


def _no_audit(reason: str) -> UsageError:
    return UsageError(
        f"this job cannot be audited: {reason}", cure="compare the results with the conversations in Flex"
    )


def _exit_code(audit: Audit, error: ProvisionerError | None, signal_exit: ExitCode | None) -> ExitCode:
    """Return 5 where something could not be asked, 4 where something is not as it should be."""
    if error is not None:
        return error.exit_code
    if not audit.is_done and signal_exit is not None:
        return signal_exit
    flaws = {finding.flaw for finding in audit.findings}
    if Discrepancy.UNASKED in flaws:
        return ExitCode.UNKNOWN
    return ExitCode.REJECTED if flaws else ExitCode.DONE


def _outcome(audit: Audit, error: ProvisionerError | None) -> CommandOutcome:
    if error is not None:
        return CommandOutcome.of_error(error)
    return CommandOutcome.FINISHED if audit.is_done else CommandOutcome.STOPPED


def _unaudited(counts: Counts, reconcile: str) -> Iterator[str]:
    if counts.unknown:
        rows = pluralize("row", counts.unknown, "is", "are")
        yield f"{rows} unknown, and only created rows are audited: {reconcile} looks them up"


def _created(row: CreatedRow, since: float) -> AuditedRow:
    sought = UnknownRow(id=row.id, row=row.row, key=row.key, identity=row.identity, since=since, lost_at=since)
    return AuditedRow(sought, row.conversation_sid)


def _batches(rows: Iterator[AuditedRow], size: int) -> Iterator[Sequence[AuditedRow]]:
    while batch := list(islice(rows, size)):
        yield batch


def _progress(audit: Audit, counts: Counts, outage: str) -> Progress:
    return Progress(total=counts.created, done=audit.rows, created=counts.created, state=outage or "auditing")
