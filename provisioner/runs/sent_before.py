"""Search for another ledger that has sent the same input to the same account."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

import msgspec

from provisioner.errors import ProvisionerError, UsageError
from provisioner.ledger import (
    LedgerLocation,
    LedgerReader,
    find_ledger_locations,
    find_other_jobs,
    last_output,
    open_reader,
)
from provisioner.models.accounts import BY_ROW
from provisioner.models.environment import working_folder
from provisioner.models.text import pluralize
from provisioner.options.shell_command import ledger_command
from provisioner.planning.input import JobInput
from provisioner.sources import STDIN
from provisioner.system.shown_time import moment_text

_ENDING = ".ledger"


class SentBefore(msgspec.Struct, frozen=True):
    """Another ledger with the same input.

    ``file`` is the name of that input here, ``created`` the number of created rows, ``at`` the start of the last
    run. ``output`` is the name of its results, empty when that is not known. ``is_of_many`` is whether that job is
    for many accounts, ``is_for_many`` whether this one is.
    """

    ledger: LedgerLocation
    file: str
    created: int
    at: datetime
    output: str = ""
    is_of_many: bool = False
    is_for_many: bool = False

    def error(self, results: Path) -> UsageError:
        """Return the error for a job whose results would go to ``results``."""
        return UsageError(
            f"{self.file} was sent to {self._account} already: {self._told()}",
            cure=f"go on with that job by {self._flags()}, in place of -o {quote(str(results))}; look at it with "
            f"'{ledger_command('status', self.ledger)}'; or add --new-job to create everybody once more",
        )

    def note(self, *, is_local: bool) -> str:
        """Return the note for a run that is not refused."""
        where = "on this machine" if is_local else f"to {self._account}"
        return f"{self.file} was sent {where} already: {self._told()}"

    @property
    def _account(self) -> str:
        return "accounts of this job" if self.is_for_many else "this account"

    def _flags(self) -> str:
        """Return the options that name the job."""
        if self.is_of_many == self.is_for_many:
            return self._files()
        return f"{self._files()} {'and its' if self.is_of_many else 'without'} --accounts"

    def _files(self) -> str:
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
    the target and an account that both jobs have. Return None when there is no such ledger, and when the job's own
    ledger has planned one of its inputs before: such a job is resumed. A file that is not a ledger, is damaged,
    locked or of a newer version is skipped. Blocks.
    """
    if _has_planned(own, job_input):
        return None
    for location in _other_ledgers(own, folders, job_input):
        with suppress(ProvisionerError), open_reader(location) as reader:
            if not (created := _created_in_same_place(reader, job_input, settings)):
                continue
            if found := _same_input(reader, job_input):
                return SentBefore(
                    location,
                    found,
                    created,
                    _last_run(reader),
                    output=last_output(reader.runs(), working_folder()),
                    is_of_many=reader.manifest.settings.get("account") == BY_ROW,
                    is_for_many=job_input.mapping.accounts is not None,
                )
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


def _created_in_same_place(reader: LedgerReader, job_input: JobInput, settings: Mapping[str, str]) -> int:
    """Return how many rows another job has created with the target, and in the accounts, of a job."""
    theirs, accounts = reader.manifest.settings, job_input.mapping.accounts
    if theirs.get("target") != settings.get("target"):
        return 0
    ours = {settings.get("account", "")} if accounts is None else {each.sid for each in accounts}
    account = theirs.get("account", "")
    counts = reader.account_counts() if account == BY_ROW else {account: reader.counts()}
    return sum(each.created for sid, each in counts.items() if sid in ours)


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
