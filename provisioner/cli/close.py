"""The command ``provisioner close``: close or delete the conversations of a job."""

from pathlib import Path

from provisioner.models.summary import Summary
from provisioner.options import CloseOptions

from .console import Console
from .options import argument, command


@command(CloseOptions, argument("made", "LEDGER|RESULTS", of=Path))
def close(made: Path, options: CloseOptions, console: Console) -> Summary:
    """Close or delete the conversations that a job made.

    It closes these conversations and no others; --delete deletes them for good, with their messages. Without --yes
    it prints what it would close and asks on a terminal; where nobody can be asked, it closes nothing. Run it
    again to close what is left. For a results file, its progress is kept in RESULTS.close.ledger.

    The simulator of --simulate forgets its conversations when its process ends: with --simulate, this command is
    only rehearsed.
    """
    from .closing_text import closing_line
    from .performing import perform_on_terminal

    summary = perform_on_terminal([str(made)], options, console, options.loop)
    if not summary.details["dry_run"]:
        console.print(closing_line(summary.details))
    return summary
