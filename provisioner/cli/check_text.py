"""A checked input in words, and in values for programs."""

from collections.abc import Iterator

import msgspec

from provisioner.commands.check import CheckResult
from provisioner.ledger import InvalidRow
from provisioner.models import Counts
from provisioner.rows import mask_request
from provisioner.sources import Detection

from .plan_text import plan_lines


def check_lines(checked: CheckResult) -> Iterator[str]:
    """Render what was found out about an input, a line for each thing to know."""
    for name, detection in checked.detections:
        yield f"{name}: {_found(detection)}"
    counts = checked.plan.counts
    yield f"rows {counts.input:,} = valid {counts.pending:,} + invalid {counts.invalid:,}"
    for row in checked.invalid:
        yield f"  {_place(row)}: {'; '.join(map(str, row.problems))}"
    if counts.invalid > len(checked.invalid):
        yield f"  … and {counts.invalid - len(checked.invalid):,} more: --all lists them"
    yield from plan_lines(checked.plan)
    for number, request in enumerate(checked.samples, 1):
        fields = " · ".join(f"{field}={text}" for field, text in mask_request(request).items())
        yield f"request {number}: POST /v2/WebChats  {fields}"


def _found(detection: Detection) -> str:
    """Tell how an input is read; no compression and no byte order mark are not worth a word."""
    told = [(what, finding) for what, finding in detection.findings() if finding.value not in {"none", "no"}]
    return ", ".join(f"{what.replace('_', ' ')} {finding.value!r} ({finding.reason})" for what, finding in told)


def _detected(detection: Detection) -> dict[str, object]:
    found = {what: msgspec.structs.asdict(finding) for what, finding in detection.findings()}
    return {**found, "skipped": [msgspec.structs.asdict(each) for each in detection.skipped]}


def _place(row: InvalidRow) -> str:
    return f"{row.source}, line {row.line}, row {row.row}"


def check_details(checked: CheckResult, counts: Counts) -> dict[str, object]:
    """Return the same for programs, in values that JSON knows."""
    plan = checked.plan
    return {
        "valid": counts.pending,
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
