"""Checks before a run opens its ledger, so that no customer is created again by mistake.

Nothing is sent here, and nothing is written except a ledger that is to be rebuilt.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from shlex import quote

import msgspec

from provisioner.errors import UsageError
from provisioner.ledger import LedgerLocation, LedgerReader, open_reader
from provisioner.planning.input import JobInput
from provisioner.results import can_be_rebuilt_from
from provisioner.signals import StopSignals
from provisioner.sources import is_remote
from provisioner.sources.files.objects import downloaded, object_address, shown_output

from .earlier_files import keep_file
from .foreign_results import has_results, has_unknown_rows
from .sent_before import find_sent_before


class JobStartConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a job, and the options that the checks depend on.

    ``results`` and ``ledger`` are the locations of the job's results file and ledger. ``has_formula_guard``: the
    results are written with the guard. ``is_guarded`` is False for load tests, which create the same customers
    again on purpose; results of another job are kept under another name then. ``is_new_job`` and ``rebuild_from``
    are the options of ``run``, and ``may_replace_input`` is ``--replace-input``. ``is_local``: no request leaves
    this machine.
    """

    results: Path
    ledger: LedgerLocation
    has_formula_guard: bool
    is_guarded: bool = True
    is_new_job: bool = False
    rebuild_from: Path | None = None
    may_replace_input: bool = False
    is_local: bool = False

    def __post_init__(self) -> None:
        """Raise ``UsageError`` when both a new job and a rebuilt ledger are requested."""
        if self.is_new_job and self.rebuild_from is not None:
            raise UsageError(
                "--new-job begins without what was created before, and --rebuild-from goes on with it",
                cure="omit one of them",
            )


class JobStart(msgspec.Struct, frozen=True, kw_only=True):
    """Result of the checks.

    ``notes`` are shown with the plan. ``set_aside`` is a results file of another job in the place of this job's,
    which is to be renamed; None when there is none.
    """

    notes: tuple[str, ...] = ()
    set_aside: Path | None = None

    def keep_earlier_results(self, moment: datetime) -> Sequence[str]:
        """Rename the results file of another job, if there is one; return the notes about it.

        ``moment`` goes into the new name. A file of that name is not replaced. Raise ``StorageError`` when it
        cannot be renamed.
        """
        if self.set_aside is None:
            return ()
        kept = keep_file(self.set_aside, moment)
        return (f"{self.set_aside} was of another job, and is kept as {kept.name}",)


async def start_job(
    config: JobStartConfig, job_input: JobInput, settings: Mapping[str, str], stop: StopSignals
) -> JobStart:
    """Check that the job does not create customers again; rebuild its lost ledger when that is requested.

    ``settings`` are those of the job. Raise ``UsageError`` for results without their ledger, for results of
    another ledger, and, unless the requests stay on this machine, for an input that another ledger has sent.
    """
    if config.rebuild_from is not None:
        from .ledger_rebuild import rebuild_lost_ledger  # noqa: PLC0415 - hardly any run has lost its ledger

        notes = await rebuild_lost_ledger(
            config.ledger,
            config.rebuild_from,
            job_input,
            settings,
            stop=stop,
            formula_guard=config.has_formula_guard,
            may_lack_rows=config.may_replace_input,
        )
        return JobStart(notes=notes)
    set_aside = await asyncio.to_thread(_foreign_results, config, settings)
    replaced = await asyncio.to_thread(_replaced_plan, config.ledger, settings)
    if not config.is_guarded:
        return JobStart(set_aside=set_aside, notes=replaced)
    before = await asyncio.to_thread(
        find_sent_before, config.ledger, _folders(config, job_input), job_input, settings
    )
    if before is None:
        return JobStart(set_aside=set_aside, notes=replaced)
    if not (config.is_local or config.is_new_job):
        raise before.error(config.results)
    return JobStart(set_aside=set_aside, notes=(*replaced, before.note(is_local=config.is_local)))


def _replaced_plan(ledger: LedgerLocation, settings: Mapping[str, str]) -> tuple[str, ...]:
    """Return the note about a job in the ledger of which nothing was sent, and which this job will replace."""
    if not ledger.exists():
        return ()
    with open_reader(ledger) as reader:
        was = settings if reader.is_held() or not reader.has_job() else reader.manifest.settings
        changed = sorted(name for name in {**was, **settings} if was.get(name) != settings.get(name))
        if not (changed and reader.is_unsent()):
            return ()
    return (f"nothing of the earlier plan in {ledger} was sent: it is replaced (other {', '.join(changed)})",)


def _folders(config: JobStartConfig, job_input: JobInput) -> Sequence[Path]:
    """Return the folders of the job's files, and of the files that symbolic links among them point to."""
    inputs = [Path(source.name) for source in job_input.sources if not is_remote(source.name)]
    results = () if object_address(config.results) else (config.results,)
    files = [*results, *inputs, *config.ledger.files().values()]
    targets = [Path(os.path.realpath(path)) for path in files]
    folders: dict[str, Path] = {}
    for path in (*files, *targets):
        folders.setdefault(os.path.realpath(path.parent), path.parent)
    return list(folders.values())


def _foreign_results(config: JobStartConfig, settings: Mapping[str, str]) -> Path | None:
    """Return the results file of the job when it certainly belongs to another ledger, else None.

    Raise ``UsageError`` for such a file unless a new job or a load test is requested.
    """
    results, address = config.results, object_address(config.results)
    is_lost = not config.ledger.exists()
    with downloaded(results) as found:
        if found is None or not (has_results(found) if is_lost else _is_of_other_ledger(found, config, settings)):
            return None
    if address and (config.is_new_job or not config.is_guarded):
        raise UsageError(f"{shown_output(results)} has the results of another job", cure="choose another -o")
    if config.is_new_job or not config.is_guarded:
        return results
    raise _lost_ledger(results, config.ledger) if is_lost else _other_ledger(results, config.ledger)


def _is_of_other_ledger(results: Path, config: JobStartConfig, settings: Mapping[str, str]) -> bool:
    """Return whether the results have a created row that the job's ledger does not know."""
    with open_reader(config.ledger) as reader:
        if reader.is_held() or (reader.has_job() and not _may_take(reader, settings)):
            return False  # opening it raises the error: it is in use, perhaps just being created, or another job's
        return has_unknown_rows(results, reader)


def _may_take(reader: LedgerReader, settings: Mapping[str, str]) -> bool:
    """Return whether the job with these settings may go on with the ledger of a job."""
    return reader.manifest.settings == settings or reader.is_unsent()


def _rebuild(results: Path, ledger: LedgerLocation, *, before: str = "", after: str) -> str:
    """Return the way on by ``--rebuild-from``, empty where results or ledger do not allow it."""
    is_possible = not object_address(results) and can_be_rebuilt_from(results) and not ledger.is_postgres
    return f"{before}--rebuild-from {quote(str(results))}{after}" if is_possible else ""


def _lost_ledger(results: Path, ledger: LedgerLocation) -> UsageError:
    shown = shown_output(results)
    if object_address(results) or ledger != LedgerLocation.beside(results):
        return UsageError(
            f"{shown} has rows that no ledger named here knows, as {ledger} is not there: those that are in "
            "the input would be created again",
            cure=f"name the ledger of {shown} with --ledger; or, for other customers, another -o; or add "
            f"{_rebuild(results, ledger, after=' if its ledger is lost; or ')}--new-job to begin anew and keep "
            "these results under another name",
        )
    return UsageError(
        f"{results} is there, and its ledger {ledger} is not: without that, its customers would be created again",
        cure=f"put {ledger} back; or add {_rebuild(results, ledger, after=' to rebuild it, or ')}--new-job "
        "to begin anew and keep these results under another name",
    )


def _other_ledger(results: Path, ledger: LedgerLocation) -> UsageError:
    rebuild = _rebuild(results, ledger, before=f"or move {ledger} away and add ", after="; ")
    shown = shown_output(results)
    return UsageError(
        f"{shown} has created rows that {ledger} does not know: it is of another ledger, or that is an old copy",
        cure=f"name the ledger of {shown} with --ledger, or another -o; {rebuild}--new-job goes on and keeps "
        "these results under another name",
    )
