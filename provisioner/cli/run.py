"""The command ``provisioner run``: create one WebChat for every row."""

from provisioner.models.summary import Summary
from provisioner.options import RunOptions

from .console import Console
from .options import argument, command


@command(
    RunOptions,
    argument("files", "FILE...", is_many=True),
    common=(
        *("output", "key", "address_sid", "preset", "map", "set", "first_message", "failed"),
        *("rate", "limit", "profile", "simulate", "yes", "json"),
    ),
    examples=(
        (
            "Rehearse it on this machine, without an account",
            "provisioner run customers.csv -o results.csv --key crm_id --simulate",
        ),
        (
            "Send ten rows first; without --limit, the same command sends the others",
            "provisioner run customers.csv -o results.csv --key crm_id --limit 10",
        ),
        (
            "Take the fields from a CRM's export, and say the first word",
            "provisioner run export.csv -o results.csv --preset auto --first-message Hi",
        ),
    ),
)
def run(files: tuple[str, ...], options: RunOptions, console: Console) -> Summary:
    """Create one WebChat for every row; the same command resumes.

    Every FILE (CSV or JSON Lines, also compressed; - is stdin) is read and validated first. Then every row is sent
    once, and the results file shows the outcome of each row.
    """
    from .performing import perform_on_terminal

    summary = perform_on_terminal(files, options, console, options.loop)
    if summary.details.get("accounts"):
        from .account_figures_text import MOST_SHOWN, account_figures_table

        tell = console.print_status if summary.output == "-" else console.print
        for line in account_figures_table(summary.details, summary.counts, most=MOST_SHOWN):
            tell(line)
    return summary
