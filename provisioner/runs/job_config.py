"""What a job is: its input, its ledger, how its rows are named, and the commands that go on with it."""

import shlex
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from provisioner.ledger import LedgerLocation
from provisioner.mapping import Mapping
from provisioner.options import InputOptions
from provisioner.planning.input import JobInput, RowSettings, open_input
from provisioner.rows import IdentityPolicy
from provisioner.signals import StopSignals


@dataclass(frozen=True, slots=True, kw_only=True)
class JobConfig:
    """The input of a job, and the ledger that it is planned into.

    ``spool_dir`` is where an input that can be read once is copied to, None for the system's folder.
    ``place`` is the account and the place that rows are created at; see ``Target.settings``. ``identity`` is
    ``auto``, ``none`` or a template.
    """

    reading: InputOptions
    mapping: Mapping
    rows: RowSettings
    ledger: LedgerLocation
    spool_dir: Path | None
    place: Dictionary[str, str]
    identity: str

    def open_input(self, files: Sequence[str], stop: StopSignals) -> AbstractContextManager[JobInput]:
        """Open the sources that ``files`` name; ``stop`` may end the wait for an input."""
        return open_input(files, self.reading, self.mapping, self.rows, spool_dir=self.spool_dir, stop=stop)

    def settings(self, mapping: Mapping) -> dict[str, str]:
        """Describe what the ledger belongs to; another value anywhere is another job.

        What a double on this machine created is not at Twilio, so a rehearsal and the real thing are two jobs.
        ``mapping`` is the one that the columns of the input decided.
        """
        marker = {"marker": self.rows.marker} if self.rows.marker else {}
        return {**self.place, **mapping.settings(), **marker}

    def identity_policy(self, job_id: str) -> IdentityPolicy:
        """Return how the rows of the job with this ID are named at Twilio."""
        return IdentityPolicy(job_id, self.identity or "auto", self.rows.marker)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCommands:
    """The commands that go on with a job, ready to be typed.

    ``target_flags`` are the flags by which another command reaches the same place.
    """

    resume: str
    ledger: LedgerLocation
    target_flags: Sequence[str]

    @property
    def reconcile(self) -> str:
        """The command that looks the job's unknown rows up."""
        return self._on_ledger("reconcile")

    @property
    def close(self) -> str:
        """The command that closes the conversations that the job made."""
        return self._on_ledger("close")

    def _on_ledger(self, command: str) -> str:
        return shlex.join(["provisioner", command, str(self.ledger), *self.target_flags])
