"""Checks before a run opens its ledger, so that no customer is created again by mistake.

Nothing is sent here, and nothing is written except a ledger that is to be rebuilt.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from provisioner.errors import InputError, UsageError
from provisioner.ledger import LedgerLocation, open_reader
from provisioner.planning.input import JobInput
from provisioner.results import STDOUT, read_whole_results
from provisioner.results.recognition import is_results_file
from provisioner.results.samples import created_samples
from provisioner.signals import StopSignals

from .ledger_rebuild import rebuild_lost_ledger
from .sent_before import find_sent_before


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStartConfig:
    """The files of a job, and the options that the checks depend on.

    ``results`` and ``ledger`` are the locations of the job's results file and ledger. ``has_formula_guard``: the
    results are written with the guard. ``is_guarded`` is False for load tests, which create the same customers
    again on purpose. ``is_new_job`` and ``rebuild_from`` are the options of ``run``. ``is_local``: no request
    leaves this machine.
    """

    results: Path
    ledger: LedgerLocation
    has_formula_guard: bool
    is_guarded: bool = True
    is_new_job: bool = False
    rebuild_from: Path | None = None
    is_local: bool = False

    def __post_init__(self) -> None:
        """Raise ``UsageError`` when both a new job and a rebuilt ledger are requested."""
        if self.is_new_job and self.rebuild_from is not None:
            raise UsageError(
                "--new-job begins without what was created before, and --rebuild-from goes on with it",
                cure="omit one of them",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStart:
    """Result of the checks.

    ``notes`` are shown with the plan. ``set_aside`` is a results file of another job in the place of this job's,
    which is to be renamed; None when there is none.
    """

    notes: tuple[str, ...] = ()
    set_aside: Path | None = None

    def keep_earlier_results(self, moment: datetime) -> Sequence[str]:
        """Rename the results file of another job, if there is one; return the notes about it.

        ``moment`` goes into the new name. A file of that name is not replaced.
        """
        if self.set_aside is None:
            return ()
        kept = _free_name(self.set_aside, moment)
        self.set_aside.rename(kept)
        return (f"{self.set_aside} was of another job, and is kept as {kept.name}",)


async def start_job(
    config: JobStartConfig, job_input: JobInput, settings: Mapping[str, str], stop: StopSignals
) -> JobStart:
    """Check that the job does not create customers again; rebuild its lost ledger when that is requested.

    ``settings`` are those of the job. Raise ``UsageError`` for results without their ledger, for results of
    another ledger, and, unless the requests stay on this machine, for an input that another ledger has sent.
    """
    if not config.is_guarded:
        return JobStart()
    if config.rebuild_from is not None:
        notes = await rebuild_lost_ledger(
            config.ledger,
            config.rebuild_from,
            job_input,
            settings,
            stop=stop,
            formula_guard=config.has_formula_guard,
        )
        return JobStart(notes=notes)
    set_aside = await asyncio.to_thread(_foreign_results, config, settings)
    before = await asyncio.to_thread(
        find_sent_before, config.ledger, _folders(config, job_input), job_input, settings
    )
    if before is None:
        return JobStart(set_aside=set_aside)
    if not (config.is_local or config.is_new_job):
        raise before.error(config.results)
    return JobStart(set_aside=set_aside, notes=(before.note(is_local=config.is_local),))


def _folders(config: JobStartConfig, job_input: JobInput) -> Sequence[Path]:
    inputs = [Path(source.name) for source in job_input.sources]
    files = [config.results, *inputs, *config.ledger.files().values()]
    return list(dict.fromkeys(path.parent for path in files))


def _foreign_results(config: JobStartConfig, settings: Mapping[str, str]) -> Path | None:
    """Return the results file of the job when it certainly belongs to another ledger, else None.

    Raise ``UsageError`` for such a file unless a new job is requested.
    """
    results = config.results
    if not _has_results(results):
        return None
    is_lost = not config.ledger.exists()
    if not is_lost and not _is_of_other_ledger(results, config, settings):
        return None
    if config.is_new_job:
        return results
    raise _lost_ledger(results, config.ledger) if is_lost else _other_ledger(results, config.ledger)


def _has_results(results: Path) -> bool:
    """Return whether there is a results file with at least one row."""
    try:
        if results == STDOUT or not results.is_file() or not is_results_file(results):
            return False
        return next(read_whole_results(results), None) is not None
    except InputError:
        return True  # a results file that was edited
    except OSError:
        return False


def _is_of_other_ledger(results: Path, config: JobStartConfig, settings: Mapping[str, str]) -> bool:
    """Return whether the results have a created row that the job's ledger does not know."""
    with open_reader(config.ledger) as reader:
        if reader.manifest.settings != settings:
            return False  # opening it raises the error about another job
        try:
            samples = created_samples(results)
        except (InputError, OSError):
            return False  # a results file that was edited; it is written anew
        known = reader.conversations([key for sample in samples for key in sample.keys])
        strange = {sid for keys, sid in samples if sid not in {known.get(key) for key in keys}}
        # A spreadsheet program may have changed the keys; searching for the SIDs reads all attempts.
        return bool(strange) and not strange <= reader.assigned_conversations(list(strange))


def _lost_ledger(results: Path, ledger: LedgerLocation) -> UsageError:
    return UsageError(
        f"{results} is there, and its ledger {ledger} is not: without that, everybody would be created again",
        cure=f"put {ledger} back; or add --rebuild-from {results} to rebuild it, or --new-job to begin anew "
        "and keep these results under another name",
    )


def _other_ledger(results: Path, ledger: LedgerLocation) -> UsageError:
    return UsageError(
        f"{results} has created rows that {ledger} does not know: it is of another ledger, or that is an old copy",
        cure=f"name the ledger of {results} with --ledger, or another -o; or move {ledger} away and add "
        f"--rebuild-from {results}; --new-job goes on and keeps these results under another name",
    )


def _free_name(path: Path, moment: datetime) -> Path:
    """Return a name in the same folder that no file has."""
    stem, number = f"{path.stem}.before-{moment:%Y-%m-%dT%H%M%S}", 1
    name = path.with_name(f"{stem}{path.suffix}")
    while name.is_symlink() or name.exists():
        number += 1
        name = path.with_name(f"{stem}-{number}{path.suffix}")
    return name
