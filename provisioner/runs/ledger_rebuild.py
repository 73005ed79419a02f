"""Rebuilds a lost ledger from its results file, after checking that results and input belong together."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from provisioner import __version__
from provisioner.errors import UsageError
from provisioner.ledger import LedgerLocation, RebuildPlan, RebuildReport, open_reader, rebuild_ledger
from provisioner.models import Status, is_hardly_any
from provisioner.models.text import pluralize
from provisioner.planning.input import JobInput, PlanInterrupted
from provisioner.planning.plan import notes_of_plan, show_keys
from provisioner.results import names_accounts, read_whole_results
from provisioner.rows import is_generated_identity
from provisioner.signals import StopSignals
from provisioner.system.printable import shortened
from provisioner.system.shown_time import moment_text

from .file_roles import is_same_file


async def rebuild_lost_ledger(
    ledger: LedgerLocation,
    results: Path,
    job_input: JobInput,
    settings: Mapping[str, str],
    *,
    stop: StopSignals,
    formula_guard: bool,
    may_lack_rows: bool = False,
) -> tuple[str, ...]:
    """Rebuild the ledger and return the notes about it.

    ``may_lack_rows`` accepts results that lack rows of the input, as these came into it later.

    A ledger that was rebuilt from the same file before is not changed, so that the same command resumes.

    Raise ``UsageError`` when there is another ledger, or when results and input do not belong together,
    ``InputError`` for a file that is not a results file, and ``StoppedError`` when the user stops it.
    """
    if ledger.exists():
        _require_rebuilt(ledger, results)
        return ()
    await asyncio.to_thread(_require_one_account, results)
    planned = await _planned(job_input, results, settings)
    reports: list[RebuildReport] = []

    def accept(report: RebuildReport) -> None:
        _require_fitting(report, results, job_input, may_lack_rows=may_lack_rows)
        reports.append(report)

    lines = read_whole_results(results, formula_guard=formula_guard)
    rebuild = partial(
        rebuild_ledger, ledger, settings, lines, planned=planned, version=__version__, on_rebuilt=accept
    )
    with _stoppable(job_input, stop):
        await asyncio.to_thread(rebuild)
    return tuple(_notes(ledger, results, reports[0]))


async def _planned(job_input: JobInput, results: Path, settings: Mapping[str, str]) -> RebuildPlan:
    has_own_identities = settings.get("identity") == "auto" and not job_input.gives("identity")
    return RebuildPlan(
        source=str(results),
        entries=job_input.entries(),
        fingerprints=await asyncio.to_thread(job_input.fingerprints),
        notes=partial(notes_of_plan, job_input),
        is_asked=is_generated_identity if has_own_identities else bool,
    )


@contextmanager
def _stoppable(job_input: JobInput, stop: StopSignals) -> Iterator[None]:
    """Let a stop request end the pass over the input, before the ledger is put in its place."""
    with stop.active(drain_s=float("inf")):
        stop.on_stop(job_input.interrupt)
        try:
            yield
        except PlanInterrupted:
            raise stop.error() from None


def _require_one_account(results: Path) -> None:
    if names_accounts(results):
        raise UsageError(
            f"{results} is of a job for many accounts, whose ledger cannot be made again from its results",
            cure="put the ledger back; or, if its column account_sid is the input's own, rename that",
        )


def _require_rebuilt(ledger: LedgerLocation, results: Path) -> None:
    with open_reader(ledger) as reader:
        rebuilt = reader.notes().rebuilt
    if rebuilt is not None and is_same_file(Path(rebuilt), results):
        return
    raise UsageError(
        f"{ledger} is there, so it is not lost",
        cure="omit --rebuild-from; or move that ledger away, if it is not the one of this job",
    )


def _require_fitting(report: RebuildReport, results: Path, job_input: JobInput, *, may_lack_rows: bool) -> None:
    """Raise ``UsageError`` when rows that were sent could be taken for new ones."""
    named = ", ".join(source.name for source in job_input.sources)
    if is_hardly_any(report.found, report.outcomes):
        raise UsageError(
            f"{results} and {named} do not belong together: {report.found:,} of its "
            f"{pluralize('row', report.outcomes)} with an outcome are in the input; there the keys are "
            f"{show_keys(report.missing_keys)}, here {show_keys(report.new_keys)}",
            cure="name the input of these results, with the --key that the job had",
        )
    if not job_input.has_keys and report.found < report.outcomes:
        lost = pluralize("row", report.outcomes - report.found)
        raise UsageError(
            f"--rebuild-from needs --key here: {named} lacks {lost} of {results} as sent, and without a key "
            "nobody can tell a row that was changed from a new one",
            cure="bring the input back as it was, or put the ledger back",
        )
    if report.respelt_keys:
        named = ", ".join(f"{shortened(there)} for {shortened(here)}" for there, here in report.respelt_keys)
        raise UsageError(
            f"{results} has keys that a spreadsheet has changed, as {named}: their rows would be created again",
            cure="take the results as the run wrote them, or restore the keys in a text editor",
        )
    if report.new_rows and not may_lack_rows:
        raise _lacking_rows(report, results, job_input)


def _lacking_rows(report: RebuildReport, results: Path, job_input: JobInput) -> UsageError:
    """Return the error for results whose end may be missing: its rows look like customers that came later."""
    named = ", ".join(source.name for source in job_input.sources)
    lacks = f"{results} lacks {pluralize('row', report.new_rows)} of {named}"
    return UsageError(
        f"{lacks}, from row {report.first_new_row:,} on: {show_keys(report.new_keys)}; if it has lost its end, "
        "those customers would be created again",
        cure="take the results as the run wrote them, with all rows; --replace-input insists, if these rows came "
        f"into {named} after that run",
    )


def _notes(ledger: LedgerLocation, results: Path, report: RebuildReport) -> Iterator[str]:
    told = Counter[str]()
    for status, rows in report.counts.items():
        told[Status.UNSENT if status is Status.PENDING else status] += rows
    counts = ", ".join(f"{status} {rows:,}" for status, rows in sorted(told.items()) if rows)
    written = moment_text(results.stat().st_mtime, "minutes")
    yield (
        f"{ledger} was rebuilt from {results}: {counts}; rows that were created after that file was written, "
        f"on {written}, are not known"
    )
    if missing := report.outcomes - report.found:
        lost = pluralize("row", missing)
        yield f"the input lacks {lost} of {results} with an outcome: {show_keys(report.missing_keys)}"
    if report.new_rows:
        new = pluralize("row", report.new_rows)
        yield f"{results} lacks {new} of the input, which will be created: {show_keys(report.new_keys)}"
