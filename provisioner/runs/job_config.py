"""Configuration of a job: its input, ledger and identities."""

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec
from msgspec import structs

from provisioner.ledger import LedgerLocation, open_reader
from provisioner.mapping import Mapping
from provisioner.models import LATER_FIELDS
from provisioner.options import InputOptions
from provisioner.planning.history import HistoryFile, open_history
from provisioner.planning.input import JobInput, RowSettings, open_input
from provisioner.rows import IdentityPolicy
from provisioner.signals import StopSignals


class JobConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Configuration of a job.

    ``reading`` are the input options. ``spool_dir`` is the folder into which an input from a pipe is copied, None
    for the folder for temporary files. ``place`` identifies the account and the server; see ``Target.settings``.
    ``identity`` is ``auto``, ``none`` or a template. ``history`` is the file of ``--history``, empty for none.
    """

    reading: InputOptions
    mapping: Mapping
    rows: RowSettings
    ledger: LedgerLocation
    spool_dir: Path | None
    place: Dictionary[str, str]
    identity: str
    history: str = ""

    def open_input(self, files: Sequence[str], stop: StopSignals) -> AbstractContextManager[JobInput]:
        """Return a context manager that opens the input files; a stop signal ends the wait for a pipe.

        A job that an earlier version began goes on as it began: columns that are named after a field which that
        version did not know do not fill it. Entering raises ``InputError`` or ``UsageError`` when an input cannot
        be opened.
        """
        mapping = (
            structs.replace(self.mapping, unnamed=LATER_FIELDS) if self._lacks_later_fields() else self.mapping
        )
        return open_input(files, self.reading, mapping, self.rows, spool_dir=self.spool_dir, stop=stop)

    def _lacks_later_fields(self) -> bool:
        """Return whether the job was begun by a version that knew none of ``LATER_FIELDS``."""
        if not self.ledger.exists():
            return False
        with open_reader(self.ledger) as reader:
            return not reader.is_held() and reader.has_job() and reader.manifest.lacks_later_fields

    def open_history(self, job_input: JobInput) -> AbstractContextManager[HistoryFile | None]:
        """Return a context manager that opens the file of ``--history``, None without one."""
        return open_history(self.history, job_input.mapping, spool_dir=self.spool_dir)

    def settings(self, mapping: Mapping) -> dict[str, str]:
        """Return the settings that identify the job in its ledger; a different value means a different job.

        A run against the simulator and a run against Twilio are different jobs, because the simulator's
        conversations do not exist at Twilio. ``mapping`` is the mapping as resolved with the input's columns.
        """
        marker = {"marker": self.rows.marker} if self.rows.marker else {}
        return {**self.place, **mapping.settings(), **marker}

    def identity_policy(self, job_id: str) -> IdentityPolicy:
        """Return the policy that gives each row its identity, for the job with this ID."""
        return IdentityPolicy(job_id, self.identity or "auto", self.rows.marker)
