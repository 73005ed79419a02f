"""Notes: values that a run stores in the ledger for later runs, besides rows, attempts and runs."""

from pathlib import Path
from typing import TypedDict

import msgspec

from provisioner.system.addresses import scheme_of


class JobNotes(msgspec.Struct, frozen=True, gc=False):
    """Notes of one ledger; None for a note that was never set. The field names are the names in the ledger."""

    results: str | None = None
    """Stamp of the results files as last written; empty while those files are out of date."""
    reading: str | None = None
    """Input options used to open the sources of the last plan, in the form of ``InputOptions.to_note``."""
    asked: str | None = None
    """Options of the last run that are not part of the job's settings: a JSON object of strings."""
    planned_by: str | None = None
    """Program version that made the last plan, and the format in which it read each source."""
    findings: str | None = None
    """What the pass that made the last plan found in the rows, in the form of ``PlanFindings.to_note``."""
    failed: str | None = None
    """Stamp of the ``--failed`` file as last written."""
    output: str | None = None
    """Stamp of the results file alone as last written."""
    rebuilt: str | None = None
    """Name of the results file from which the ledger was rebuilt after it had been lost."""


class ThresholdNote(msgspec.Struct, frozen=True, gc=False):
    """How a load test was judged by one condition.

    ``condition`` is the text as the user wrote it. ``value`` is the measured figure, in seconds or as a share from
    0 to 1; None when nothing was measured.
    """

    condition: str
    value: float | None
    has_failed: bool


SENDING_COMMANDS = frozenset({"run", "load", ""})
"""Values of ``RunNote.command`` of runs that send rows; a run of an earlier version does not name its own."""


class RunNote(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What a run leaves for whoever takes the job over. The runs of earlier versions left nothing.

    It holds no customer's data, and no secret: no option takes one, and a URL with credentials is refused.
    ``command`` is ``run``, ``load``, ``reconcile`` or ``close``. ``next_command`` is the command line that goes on
    with the job, and ``reconcile_command`` the one that looks its unknown rows up; both are to be typed in
    ``folder``. ``output`` and ``failed`` are the files of the results as the user named them, empty for none.
    ``to_send`` is the number of rows that the run was to send, and ``ends_at`` when that was expected to be done,
    in Unix seconds. While ``max_open`` conversations of the job are open, the run creates none; 0 is no limit. A
    run that ``looks_up_rows`` settles unknown rows by itself. ``thresholds`` are in the order of the command line.
    """

    command: str = ""
    next_command: str = ""
    reconcile_command: str = ""
    folder: str = ""
    output: str = ""
    failed: str = ""
    to_send: int | None = None
    ends_at: float | None = None
    looks_up_rows: bool = True
    max_open: int = 0
    thresholds: tuple[ThresholdNote, ...] = ()

    def output_from(self, folder: str) -> str:
        """Return the name of the results as seen from ``folder``; empty when it is not known, or stdout."""
        if self.output in {"", "-"}:
            return ""
        is_as_it_is = self.folder in {"", folder} or scheme_of(self.output)
        return self.output if is_as_it_is else str(Path(self.folder, self.output))


class PlanNotes(TypedDict, total=False):
    """Notes about a plan, by the field names of ``JobNotes``."""

    planned_by: str
    findings: str


class NoteChanges(PlanNotes, total=False):
    """Notes to store, by the field names of ``JobNotes``. Notes that are missing here are not changed."""

    results: str
    output: str
    failed: str
    reading: str
    asked: str
