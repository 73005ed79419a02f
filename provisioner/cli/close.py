"""``provisioner close``: the end of what a job made."""

from pathlib import Path

from provisioner.models.summary import Summary
from provisioner.options import CloseOptions

from .console import Console
from .options import argument, command


@command(CloseOptions, argument("made", "LEDGER|RESULTS", of=Path))
def close(made: Path, options: CloseOptions, console: Console) -> Summary:
    """Close or delete the conversations that a job made.

    It closes those and no other; --delete removes them for good, with their messages. Without --yes it tells what
    it would close and asks on a terminal; where nobody can be asked, it closes nothing. Run again, it closes what
    is left. Beside a results file, RESULTS.close.ledger remembers what is done.

    What --simulate made was gone when its process ended: closing it with --simulate rehearses this command.
    """
    from .closing_text import closing_line
    from .performing import perform_on_terminal

    summary = perform_on_terminal([str(made)], options, console, options.loop)
    if not summary.details["dry_run"]:
        console.print(closing_line(summary.details))
    return summary
