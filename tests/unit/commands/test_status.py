"""What goes on with a job that nobody works on."""

import pytest

from provisioner.commands.run_state import RunPhase, RunState
from provisioner.commands.status import next_command
from provisioner.ledger import RunNote
from provisioner.models import Counts, FollowUpCounts, MessageCounts

RUN = RunNote(command="run", next_command="provisioner run", reconcile_command="provisioner reconcile")
HOLD = RunNote(
    command="run", next_command="provisioner run", reconcile_command="provisioner reconcile", looks_up_rows=False
)
LOAD = RunNote(command="load", next_command="provisioner load")
NONE = MessageCounts()


def ended(code: int, command: str = "run") -> RunState:
    """Return the state of a run that has ended."""
    return RunState(
        number=1, command=command, phase=RunPhase.ENDED, started=1.0, elapsed_s=1.0, ended=2.0, exit_code=code
    )


DIED = RunState(number=1, command="run", phase=RunPhase.DIED, started=1.0, elapsed_s=1.0)


@pytest.mark.parametrize(
    ("note", "state", "counts", "messages", "expected"),
    [
        (RUN, ended(0), Counts(input=1, created=1), NONE, ""),
        (RUN, ended(4), Counts(input=2, created=1, rejected=1), NONE, ""),
        (RUN, ended(130), Counts(input=1, pending=1), NONE, "provisioner run"),
        (RUN, ended(5), Counts(input=1, unknown=1), NONE, "provisioner run"),
        (HOLD, ended(5), Counts(input=1, unknown=1), NONE, "provisioner reconcile"),
        (RUN, ended(4), Counts(input=1, created=1), MessageCounts(unsent=1), "provisioner run"),
        (RUN, DIED, Counts(input=1, created=1), NONE, "provisioner run"),
        (LOAD, ended(99, "load"), Counts(input=2, created=1, pending=1), NONE, ""),
        (LOAD, ended(130, "load"), Counts(input=2, created=1, pending=1), NONE, "provisioner load"),
        (RunNote(), ended(130), Counts(input=1, pending=1), NONE, ""),
    ],
)
def test_the_next_command_by_table(
    note: RunNote, state: RunState, counts: Counts, messages: MessageCounts, expected: str
) -> None:
    """The job's own while anything may be sent, the look-up where it looks up nothing, none when all is done."""
    assert next_command(note, state, counts, FollowUpCounts(messages=messages)) == expected
