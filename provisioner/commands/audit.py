"""The command ``reconcile --audit``: compare a job's created rows with Twilio, changing nothing."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice

from provisioner.errors import ExitCode, ProvisionerError, UsageError
from provisioner.ledger import CreatedRow
from provisioner.models import Counts, UnknownRow
from provisioner.models.discrepancy import Discrepancy
from provisioner.models.progress import Progress
from provisioner.models.summary import CommandOutcome, ErrorInfo, Summary
from provisioner.models.text import pluralize
from provisioner.reconciling import BATCH
from provisioner.reconciling.audit import Audit, AuditedRow, AuditFinding
from provisioner.signals import StopSignals

from .account_ends import AccountEnd, error_of_accounts, left_notes
from .look_ups import JobLookUps, LookUps


async def audit_job(look_ups: JobLookUps, stop_signals: StopSignals) -> Summary:
    """Audit the created rows of an open ledger; raise ``UsageError`` if rows cannot be looked up."""
    ledger = look_ups.ledger
    counts = await ledger.counts()
    await look_ups.begin(lambda each: each.created, "created row")
    audits = dict[str, Audit]()
    await look_ups.run(
        partial(_audit, audits=audits), lambda: _progress(audits.values(), counts, look_ups.outage), stop_signals
    )
    with ledger.reader() as reader:
        orphans = reader.orphans()
    ends = [AccountEnd(each.account_sid, _left(each, audits), each.error) for each in look_ups.accounts]
    error, is_done = error_of_accounts(ends), all(not each.left for each in ends)
    findings = sorted(finding for audit in audits.values() for finding in audit.findings)
    return Summary(
        command="reconcile",
        exit_code=_exit_code(findings, error, None if is_done else stop_signals.exit_code),
        outcome=_outcome(error, is_done=is_done),
        error=ErrorInfo.from_error(error) if error else None,
        counts=counts.final,
        ledger=str(ledger.location),
        notes=(*left_notes(ends), *_unaudited(counts.final, look_ups.reconcile)),
        details={
            "audited": sum(audit.rows for audit in audits.values()),
            "findings": [finding._asdict() for finding in findings],
            "orphans": [orphan._asdict() for orphan in orphans],
            **({"accounts": [*_accounts(ends, audits)]} if look_ups.has_accounts else {}),
        },
    )


async def _audit(look_ups: LookUps, *, audits: dict[str, Audit]) -> None:
    """Audit the created rows of one account, as an item of ``audits``."""
    ledger = look_ups.ledger
    async with look_ups.finder() as chosen:
        if chosen.finder is None:
            look_ups.refuse(_no_audit(chosen.reason))
            return
        since = datetime.fromisoformat(ledger.manifest.created_at).timestamp()
        size = BATCH if chosen.finder.by_identity else look_ups.total
        with ledger.reader() as reader:
            reader.require_sids()
            close_ledger = ledger.closing(deletes=False, service_sid=look_ups.service_sid)
            audit = audits[look_ups.account_sid] = Audit(
                chosen.finder,
                taken=ledger.assigned_conversations,
                shared=reader.shared(),
                settle_delay_s=look_ups.settle_delay_s,
                service_sid=look_ups.service_sid,
                is_known=await close_ledger.has_deleted(),
            )
            created = reader.created(look_ups.account_sid)
            batches = _batches((_created(row, since) for row in created), size)
            await look_ups.run(lambda: audit.run(batches))


def _left(look_ups: LookUps, audits: Mapping[str, Audit]) -> int:
    """Return the number of rows of an account that were not looked up to the end."""
    audit = audits.get(look_ups.account_sid)
    if audit is None:
        return look_ups.total
    return 0 if audit.is_done else max(look_ups.total - audit.rows, 1)


def _accounts(ends: Sequence[AccountEnd], audits: Mapping[str, Audit]) -> Iterator[dict[str, object]]:
    for end in ends:
        audit = audits.get(end.account_sid)
        yield {
            "account_sid": end.account_sid,
            "audited": audit.rows if audit else 0,
            "findings": len(audit.findings) if audit else 0,
            "left": end.left,
            "error": end.error.message if end.error else None,
        }


def _no_audit(reason: str) -> UsageError:
    return UsageError(
        f"this job cannot be audited: {reason}", cure="compare the results with the conversations in Flex"
    )


def _exit_code(
    findings: Sequence[AuditFinding], error: ProvisionerError | None, signal_exit: ExitCode | None
) -> ExitCode:
    """Return 5 where something could not be asked, 4 where something is not as it should be."""
    if error is not None:
        return error.exit_code
    if signal_exit is not None:
        return signal_exit
    flaws = {finding.flaw for finding in findings}
    if Discrepancy.UNASKED in flaws:
        return ExitCode.UNKNOWN
    return ExitCode.REJECTED if flaws else ExitCode.DONE


def _outcome(error: ProvisionerError | None, *, is_done: bool) -> CommandOutcome:
    if error is not None:
        return CommandOutcome.of_error(error)
    return CommandOutcome.FINISHED if is_done else CommandOutcome.STOPPED


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


def _progress(audits: Collection[Audit], counts: Counts, outage: str) -> Progress:
    done = sum(audit.rows for audit in audits)
    return Progress(total=counts.created, done=done, created=counts.created, state=outage or "auditing")
