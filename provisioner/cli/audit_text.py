"""Text of ``reconcile --audit``: its findings, line by line."""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.models.discrepancy import Discrepancy
from provisioner.models.text import pluralize
from provisioner.system.printable import shortened


def audit_lines(details: Mapping[str, Any]) -> Iterator[str]:
    """Yield one line for each created row with a discrepancy and each possible orphan, then a line of totals.

    ``details`` are the details of the audit's ``Summary``.
    """
    findings, orphans = details["findings"], details["orphans"]
    yield from (f"row {each['row']}, key {shortened(each['key'])}: {_flaw_text(each)}" for each in findings)
    for each in orphans:
        place = f"row {each['row']}" if each["row"] else "a row that left the input"
        yield (
            f"{place}, key {shortened(each['key'])}: error {each['error_code']} may have left a conversation "
            f"without a customer (Twilio-Request-Id {each['twilio_request_id'] or 'not given'})"
        )
    audited = f"{pluralize('created row', details['audited'], 'was', 'were')} looked up"
    attempts = pluralize("attempt", len(orphans))
    yield f"{audited}: {len(findings):,} not as recorded, {attempts} with a possible orphan"


def _flaw_text(finding: Mapping[str, Any]) -> str:
    recorded, found = finding["recorded"], ", ".join(finding["found"])
    match finding["flaw"]:
        case Discrepancy.NONE:
            return f"no conversation is found; {recorded} was recorded"
        case Discrepancy.SEVERAL:
            return f"{len(finding['found'])} conversations are found: {found}; {recorded} was recorded"
        case Discrepancy.OTHER:
            return f"another conversation is found: {found}; {recorded} was recorded"
        case Discrepancy.SHARED:
            return f"{recorded} was recorded for two rows or more"
        case _:
            return f"Twilio could not be asked: {finding['reason']}"
