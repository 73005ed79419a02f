"""The command ``provisioner reconcile``: look up unknown rows at Twilio, or audit created ones."""

from pathlib import Path

from provisioner.models.summary import Summary
from provisioner.options import ReconcileOptions

from .console import Console
from .options import argument, command


@command(
    ReconcileOptions,
    argument("ledger", "LEDGER", of=Path),
    common=("audit", "settle_delay", "rate", "profile", "service_sid", "give_up", "proxy", "json"),
    examples=(
        ("Settle the unknown rows of a job", "provisioner reconcile results.csv.ledger"),
        ("Check that every created row has one chat", "provisioner reconcile results.csv.ledger --audit"),
        (
            "With the credentials of a twilio-cli profile",
            "provisioner reconcile results.csv.ledger --profile prod",
        ),
    ),
)
def reconcile(ledger: Path, options: ReconcileOptions, console: Console) -> Summary:
    """Settle unknown rows by asking Twilio; nothing is created.

    With --audit, change nothing, and check that every created row has exactly one conversation: exit code 4 means
    that some rows do not, 5 that Twilio could not be asked about some. Where the rows were sent in several
    accounts, name the file of these with --accounts.
    """
    from .asked_accounts_text import asked_accounts_table
    from .audit_text import audit_lines
    from .performing import perform_on_terminal

    summary = perform_on_terminal([str(ledger)], options, console, options.loop)
    for line in audit_lines(summary.details) if options.audit else ():
        console.print(line)
    for line in asked_accounts_table(summary.details):
        console.print(line)
    return summary
