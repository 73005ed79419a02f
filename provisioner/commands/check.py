"""The command ``check``: read and validate an input and forecast its run, without calling Twilio."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
from msgspec import structs

from provisioner import __version__
from provisioner.errors import ExitCode, UsageError
from provisioner.ledger import InvalidRow, Ledger, LedgerReader, PlanStore, open_ledger
from provisioner.mapping import ADDRESS_CURE, NO_ADDRESS, Mapping
from provisioner.models import HistoryReport, MessageCounts, PlanReport, Status, WebChatRequest
from provisioner.models.forecast import AccountForecast, Forecast
from provisioner.models.summary import CommandOutcome, ErrorInfo, Summary
from provisioner.models.text import pluralize
from provisioner.options import CheckOptions, parse_rate
from provisioner.planning.accounts import read_accounts
from provisioner.planning.forecast import Timing, Workload, forecast, forecast_accounts, timing_of
from provisioner.planning.history import PlannedHistory, open_history, plan_history
from provisioner.planning.input import JobInput, PlanInterrupted, RowSettings, open_input
from provisioner.planning.plan import plan_input, unconfirmed_encoding_error, validate_global_options
from provisioner.planning.preview import PREVIEWS, Preview, preview
from provisioner.ports.user_interface import UserInterface
from provisioner.rows import mask_request
from provisioner.signals import StopSignals
from provisioner.sources import Detection, SkippedRecords

FIRST = 20
"""Number of invalid rows that are listed without ``--all``."""


_STAND_IN_ADDRESS = "IG" + 32 * "f"
"""Address SID of rows for which nothing gives one, so that everything else of them is checked."""

_SHOWN_ANYWHERE = 2


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What a check found: the plan of a run, with its invalid rows and a preview of its requests.

    ``detections`` and ``skipped`` have an item for each input, in their order.
    ``lacks_address`` says that nothing gives the address SID of some rows, ``guess`` is why the encoding has to be
    confirmed, and ``is_shown`` that values are shown as they are. ``history`` is what was found of ``--history``.
    """

    detections: Sequence[tuple[str, Detection]]
    skipped: Sequence[SkippedRecords]
    plan: Forecast
    invalid: Sequence[InvalidRow]
    preview: Preview
    lacks_address: bool
    guess: UsageError | None
    is_shown: bool
    history: HistoryReport = field(default_factory=HistoryReport)


async def check_job(files: Sequence[str], options: CheckOptions, ui: UserInterface, stop: StopSignals) -> Summary:
    """Run ``provisioner check``. Raise ``ProvisionerError`` as ``check_input`` does."""
    checked = await check_input(files, options, ui, stop)
    counts = checked.plan.counts
    error = UsageError(NO_ADDRESS, cure=ADDRESS_CURE) if checked.lacks_address else None
    code = ExitCode.REJECTED if counts.invalid else ExitCode.DONE
    return Summary(
        command="check",
        exit_code=error.exit_code if error else code,
        outcome=CommandOutcome.CHECKED,
        counts=counts,
        history=MessageCounts(pending=checked.history.messages),
        notes=(_HIDDEN,) if options.show_values and not checked.is_shown else (),
        error=ErrorInfo.from_error(error) if error else None,
        details=_details(checked),
    )


_HIDDEN = "--show-values shows values on a terminal only; given twice, it shows them anywhere"


async def check_input(
    files: Sequence[str], options: CheckOptions, ui: UserInterface, stop: StopSignals | None = None
) -> CheckResult:
    """Read, map and validate every row as a run would, into a temporary ledger that is deleted at the end.

    Raise ``ProvisionerError`` for an input, a mapping or an option that cannot be used, and when the user stops
    the check.
    """
    stop = stop or StopSignals()
    parse_rate(options.rate)  # a bad one is told before anything is read
    validate_global_options(options.address_sid)
    mapping = _mapping(options)
    rows = RowSettings(friendly_name=options.friendly_name, must_say_something=True)
    is_shown = options.show_values >= _SHOWN_ANYWHERE or bool(options.show_values and ui.is_answer_private)
    with open_input(files, options, mapping, rows, stop=stop) as job_input:
        async with open_ledger(None, job_input.mapping.settings(), version=__version__) as ledger:
            with ui.planning() as on_progress:
                report = await _plan(ledger, job_input, on_progress, stop)
            history = await _plan_history(ledger, job_input, options.history)
            with ledger.reader() as reader:
                invalid = list(reader.invalid(None if options.all else FIRST))
                first = reader.first_rows({Status.PENDING}, PREVIEWS)
                accounts = _forecast_accounts(mapping, reader, options)
            plan = _forecast(report, accounts, options, (*job_input.notes, *history.notes))
        return CheckResult(
            detections=[(source.name, source.detection) for source in job_input.sources],
            skipped=[source.skipped for source in job_input.sources],
            plan=plan,
            invalid=invalid,
            preview=preview(job_input, first, shows_values=is_shown),
            lacks_address=any(mapper.lacks_address for mapper in job_input.mappers),
            guess=unconfirmed_encoding_error(job_input.sources),
            is_shown=is_shown,
            history=history.report,
        )


def _mapping(options: CheckOptions) -> Mapping:
    """Return the mapping of a check, with the accounts of a job for many; raise as ``check_input`` does."""
    if options.accounts and options.history:
        raise UsageError(
            "--history with --accounts: old chats belong to the rows of one account",
            cure="run each account with its history on its own",
        )
    accounts = read_accounts(options.accounts) if options.accounts else None
    return structs.replace(Mapping.from_options(options), stand_in_address=_STAND_IN_ADDRESS, accounts=accounts)


def _forecast_accounts(mapping: Mapping, reader: LedgerReader, options: CheckOptions) -> Sequence[AccountForecast]:
    if mapping.accounts is None:
        return ()
    counts = reader.account_counts()
    to_send = {sid: each.pending for sid, each in counts.items()}
    return forecast_accounts(mapping.accounts, counts, to_send, options.rate)


def _forecast(
    report: PlanReport, accounts: Sequence[AccountForecast], options: CheckOptions, notes: tuple[str, ...]
) -> Forecast:
    return forecast(
        report,
        Workload(to_send=report.counts.pending),
        timing_of(accounts, Timing(rate=parse_rate(options.rate))),
        now=datetime.now(UTC),
        tells_cost=True,
        notes=notes,
    )


async def _plan_history(ledger: Ledger, job_input: JobInput, name: str) -> PlannedHistory:
    with open_history(name, job_input.mapping) as history:
        return await plan_history(ledger.histories, history)


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
        "sources": [
            {"source": name, **_detected(detection), **skipped.details()}
            for (name, detection), skipped in zip(checked.detections, checked.skipped, strict=True)
        ],
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
        **({"accounts": [msgspec.to_builtins(each) for each in plan.accounts]} if plan.accounts else {}),
        "plan_notes": list(plan.notes),
        "requests": [_request(request, checked) for request in checked.preview.requests],
        "mapping": [msgspec.to_builtins(field) for field in checked.preview.fields],
        "address_missing": checked.lacks_address,
        "verdict": _verdict(checked),
    }


def _verdict(checked: CheckResult) -> str:
    """Say in one line whether the input is ready to run, and why not."""
    counts = checked.plan.counts
    invalid = f"{pluralize('row', counts.invalid, 'is', 'are')} invalid" if counts.invalid else ""
    rest = f", the other {counts.pending:,} can be sent" if counts.invalid and counts.pending else ""
    if checked.guess is not None and checked.plan.to_send:
        return f"cannot run: {checked.guess.message.removesuffix(', so nothing was sent')}"
    if checked.lacks_address:
        return "; ".join(filter(None, ("ready but for the address: --address-sid IG…", invalid)))
    if invalid:
        return f"{invalid}{rest}"
    return (
        f"ready to run: {pluralize('row', counts.pending)}"
        if counts.pending
        else "nothing to run: there is no row"
    )


def _request(request: WebChatRequest, checked: CheckResult) -> dict[str, str]:
    """Return the filled fields of a request by name, masked unless values are shown."""
    if checked.lacks_address and request.address_sid == _STAND_IN_ADDRESS:
        request = msgspec.structs.replace(request, address_sid="")
    if not checked.is_shown:
        return mask_request(request)
    return {field: text for field, text in msgspec.structs.asdict(request).items() if text}


def _detected(detection: Detection) -> dict[str, object]:
    return {what: msgspec.structs.asdict(finding) for what, finding in detection.findings()}
