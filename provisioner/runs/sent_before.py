"""Search for another ledger that has sent the same input to the same account."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

from provisioner.errors import ProvisionerError, UsageError
from provisioner.ledger import (
    LedgerLocation,
    LedgerReader,
    find_ledger_locations,
    find_other_jobs,
    last_output,
    open_reader,
)
from provisioner.models.environment import working_folder
from provisioner.models.text import pluralize
from provisioner.options.shell_command import ledger_command
from provisioner.planning.input import JobInput
from provisioner.sources import STDIN
from provisioner.system.shown_time import moment_text

_PLACE = ("account", "target")
"""The settings of a job that decide where its conversations are."""
_ENDING = ".ledger"


@dataclass(frozen=True, slots=True)
class SentBefore:
    """Another ledger with the same input.

    ``file`` is the name of that input here, ``created`` the number of created rows, ``at`` the start of the last
    run. ``output`` is the name of its results, empty when that is not known.
    """

    ledger: LedgerLocation
    file: str
    created: int
    at: datetime
    output: str = ""

    def error(self, results: Path) -> UsageError:
        """Return the error for a job whose results would go to ``results``."""
        return UsageError(
            f"{self.file} was sent to this account already: {self._told()}",
            cure=f"go on with that job by {self._flags()}, in place of -o {quote(str(results))}; look at it with "
            f"'{ledger_command('status', self.ledger)}'; or add --new-job to create everybody once more",
        )

    def note(self, *, is_local: bool) -> str:
        """Return the note for a run that is not refused."""
        where = "on this machine" if is_local else "to this account"
        return f"{self.file} was sent {where} already: {self._told()}"

    def _flags(self) -> str:
        """Return the options that name the job."""
        name = str(self.ledger)
        results = name.removesuffix(_ENDING)
        is_beside = not self.ledger.is_address and results != name and (not self.output or Path(results).exists())
        if is_beside:
            return f"-o {quote(results)}"
        return f"{f'-o {quote(self.output)}' if self.output else 'its -o and'} --ledger {quote(name)}"

    def _told(self) -> str:
        last = moment_text(self.at, "minutes")
        return f"{self.ledger} has {pluralize('row', self.created)} created, last on {last}"


def find_sent_before(
    own: LedgerLocation, folders: Sequence[Path], job_input: JobInput, settings: Mapping[str, str]
) -> SentBefore | None:
    """Search for another ledger that has created rows of an input of the job in the same place.

    The ledgers are those in ``folders``, and the other jobs of the database of the job's own ledger. The place is
    the account and the target. Return None when there is no such ledger, and when the job's own
    ledger has planned one of its inputs before: such a job is resumed. A file that is not a ledger, is damaged,
    locked or of a newer version is skipped. Blocks.
    """
    if _has_planned(own, job_input):
        return None
    for location in _other_ledgers(own, folders, job_input):
        with suppress(ProvisionerError), open_reader(location) as reader:
            if not _is_same_place(reader, settings):
                continue
            if (found := _same_input(reader, job_input)) and (created := reader.counts().created):
                output = last_output(reader.runs(), working_folder())
                return SentBefore(location, found, created, _last_run(reader), output)
    return None


def _other_ledgers(own: LedgerLocation, folders: Sequence[Path], job_input: JobInput) -> Iterator[LedgerLocation]:
    fingerprints = job_input.fingerprints()
    jobs: Sequence[LedgerLocation] = ()
    with suppress(ProvisionerError):  # opening the job's own ledger raises the error
        jobs = find_other_jobs(own, fingerprints)
    yield from jobs
    own_files = {path.resolve() for path in own.files().values()}
    for location in find_ledger_locations(folders, fingerprints):
        if not own_files & {path.resolve() for path in location.files().values()}:
            yield location


def _is_same_place(reader: LedgerReader, settings: Mapping[str, str]) -> bool:
    theirs = reader.manifest.settings
    return all(theirs.get(name) == settings.get(name) for name in _PLACE)


def _has_planned(own: LedgerLocation, job_input: JobInput) -> bool:
    if not own.exists():
        return False
    with suppress(ProvisionerError), open_reader(own) as reader:
        return _same_input(reader, job_input) is not None
    return True  # opening it raises the error


def _same_input(reader: LedgerReader, job_input: JobInput) -> str | None:
    """Return the name of an input of the job whose bytes the ledger has planned, None when there is none."""
    theirs = {(each.size, each.sha256) for each in reader.fingerprints()}
    if not theirs:
        return None
    same = (each.name for each in job_input.fingerprints() if (each.size, each.sha256) in theirs)
    return next(("stdin" if name == STDIN else name for name in same), None)


def _last_run(reader: LedgerReader) -> datetime:
    runs = reader.runs()
    return datetime.fromtimestamp(runs[-1].started if runs else 0.0, UTC)
