"""First step of a run: plan the input, select the rows to send, and ask the user for confirmation."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NoReturn

import msgspec
from msgspec import structs

from provisioner.errors import StrictError
from provisioner.ledger import Ledger, RunNote
from provisioner.models import Counts, ReplacedInput
from provisioner.models.accounts import JobAccounts
from provisioner.models.forecast import Forecast, MappedField
from provisioner.planning.forecast import Timing, Workload, forecast, forecast_accounts, timing_of
from provisioner.planning.history import plan_history
from provisioner.planning.plan import plan_input, replaced_input_error
from provisioner.planning.preview import PREVIEWS, preview
from provisioner.system.event_log import event_logger

from .confirmation import DECLINED, GIVEN, Confirmation, Consent
from .open_job import OpenJob
from .row_selection import RowSelection


class PlanConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Configuration of the first step.

    ``options_json`` are the options that reports show, as a JSON object. ``run_note`` is what the ledger keeps of
    the run, as far as it is known before the plan. ``notes`` are shown with the plan. ``may_replace_input``
    accepts an input with hardly any row of the earlier one; ``shows_mapping`` adds where each field comes from.
    ``accounts`` are those of a job for many; ``rate`` is ``--rate``, for accounts without their own.
    """

    selection: RowSelection
    timing: Timing
    confirmation: Confirmation
    options_json: str
    run_note: RunNote
    notes: Sequence[str] = ()
    may_replace_input: bool = False
    shows_mapping: bool = False
    accounts: JobAccounts | None = None
    rate: str = ""


class RunPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Plan of a run.

    ``required_rows`` is the number of rows that need an outcome for the run to be complete. ``is_unchanged`` says
    that input and ledger are as the last run left them. ``run_note`` is what the ledger keeps of the run.
    ``consent`` says whether the run may send.
    """

    forecast: Forecast
    required_rows: int
    is_unchanged: bool
    run_note: RunNote
    consent: Consent = GIVEN

    @property
    def writes_results(self) -> bool:
        """Whether the run writes results; after a refusal by ``--strict`` they list the invalid rows."""
        return self.consent.is_given or isinstance(self.consent.error, StrictError)

    @property
    def is_declined(self) -> bool:
        """Whether the user answered the question with no."""
        return self.consent == DECLINED


async def plan(job: OpenJob, config: PlanConfig, notes: Sequence[str] = ()) -> RunPlan:
    """Plan the input, select the rows, show the plan, and ask the user for confirmation.

    ``notes`` are shown behind those of ``config``. Raise ``PlanInterrupted`` when a stop signal ends the plan,
    and ``ProvisionerError`` when the input cannot be read or the ledger cannot be written.
    """
    job.stop.on_stop(job.input.interrupt)
    on_replaced = None if config.may_replace_input else partial(_refuse_input, job)
    with job.ui.planning() as on_progress:
        report = await plan_input(job.ledger, job.input, on_progress, on_replaced=on_replaced)
    history = await plan_history(job.ledger.histories, job.history)
    if interrupted := await job.ledger.recover():
        event_logger().warning("rows.interrupted", rows=interrupted)
    await job.ledger.set_notes(reading=job.input.reading.to_note(), asked=config.options_json)
    selection = config.selection
    await _start_run(job.ledger, selection)
    counts = await job.ledger.counts()
    told = forecast(
        structs.replace(report, counts=counts),
        await _workload(job.ledger, selection, counts),
        await _timing(job, config),
        now=datetime.now(UTC),
        tells_cost=False,
        notes=(*config.notes, *notes, *job.input.notes, *history.notes),
        ledger=str(job.ledger.location),
    )
    is_unchanged = report.is_reused and not (interrupted or told.has_work)
    if not is_unchanged:  # the results files are out of date until they are written again
        await job.ledger.set_notes(results="")
    await job.ledger.set_run_note(run_note := _with_plan(config.run_note, told))
    if config.shows_mapping:
        told = structs.replace(told, mapping=await asyncio.to_thread(_mapping, job, selection))
    job.ui.show_plan(told)
    return RunPlan(
        forecast=told,
        required_rows=selection.required_rows(counts),
        is_unchanged=is_unchanged,
        run_note=run_note,
        consent=config.confirmation.consent(told, job.input.sources, job.ui, history=history),
    )


async def _start_run(ledger: Ledger, selection: RowSelection) -> None:
    """Record the start of the run, and make the selected rows claimable."""
    await ledger.start_run(
        selection.statuses,
        messages=selection.message_statuses,
        settings=selection.settings_statuses,
        limit=selection.limit,
    )


async def _timing(job: OpenJob, config: PlanConfig) -> Timing:
    """Return the timing of the run, by the rows that each account of a job for many has to send."""
    if config.accounts is None:
        return config.timing

    def read() -> Mapping[str, Counts]:
        with job.ledger.reader() as reader:
            return reader.account_counts()

    claimable = await job.ledger.claimable_by_account()
    to_send = {sid: each.to_send for sid, each in claimable.items()}
    accounts = forecast_accounts(config.accounts, await asyncio.to_thread(read), to_send, config.rate)
    return timing_of(accounts, config.timing)


def _with_plan(run_note: RunNote, told: Forecast) -> RunNote:
    ends_at = told.finishes_at and told.finishes_at.timestamp()
    return structs.replace(run_note, to_send=told.to_send, ends_at=ends_at)


def _refuse_input(job: OpenJob, replaced: ReplacedInput) -> NoReturn:
    raise replaced_input_error(replaced, [source.name for source in job.input.sources], job.ledger.location)


def _mapping(job: OpenJob, selection: RowSelection) -> Sequence[MappedField]:
    """Return where each field comes from, with examples of the first rows that will be sent."""
    with job.ledger.reader() as reader:
        rows = reader.first_rows(selection.statuses, PREVIEWS)
    return preview(job.input, rows).fields


async def _workload(ledger: Ledger, selection: RowSelection, counts: Counts) -> Workload:
    unknown_messages = 0
    if counts.created:  # only those have messages
        unknown_messages += (await ledger.messages.counts()).unknown + (await ledger.histories.counts()).unknown
    return selection.workload(
        unknown_rows=counts.unknown,
        unknown_messages=unknown_messages,
        to_send=await ledger.to_send(),
        to_post=await ledger.to_post(),
    )
