"""The command ``provisioner close``: close or delete the conversations of a job, or those of an account."""

from pathlib import Path

from provisioner.models.summary import Summary
from provisioner.options import CloseOptions

from .console import Console
from .options import argument, command


@command(
    CloseOptions,
    argument("made", "[LEDGER|RESULTS]", of=Path, is_required=False),
    common=(
        *("yes", "delete", "through", "webhooks", "identity_prefix", "since", "until", "account_sid"),
        *("rate", "profile", "json"),
    ),
    examples=(
        ("See what would be closed", "provisioner close results.csv"),
        (
            "Close it, and complete the tasks of the agents",
            "provisioner close results.csv --through interactions --yes",
        ),
        ("Delete what a load test made", "provisioner close load.csv --delete --yes"),
    ),
)
def close(made: Path | None, options: CloseOptions, console: Console) -> Summary:
    """Close or delete the conversations that a job made.

    It closes these conversations and no others; --delete deletes them for good, with their messages. Without --yes
    it prints what it would close and asks on a terminal; where nobody can be asked, it closes nothing. Run it
    again to close what is left. For a results file, its progress is kept in RESULTS.close.ledger. Where the rows
    were sent in several accounts, name the file of these with --accounts.

    Where no ledger and no results are left, name the conversations by the day of their creation and the identity
    of their guests, and the account: --identity-prefix wc- --since 2026-11-01 --account-sid AC…. The progress is
    kept in close-DAY-….ledger in this folder.

    The simulator of --simulate forgets its conversations when its process ends: with --simulate, this command is
    only rehearsed.
    """
    from .asked_accounts_text import asked_accounts_table
    from .closing_text import closing_lines
    from .performing import perform_on_terminal

    summary = perform_on_terminal([str(made)] if made else [], options, console, options.loop)
    for line in () if summary.details["dry_run"] else closing_lines(summary.details):
        console.print(line)
    for line in asked_accounts_table(summary.details):
        console.print(line)
    return summary
