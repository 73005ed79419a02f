"""The command ``provisioner load``: run a load test."""

from provisioner.models.summary import Summary
from provisioner.options import LoadOptions

from .console import Console
from .options import argument, command


@command(
    LoadOptions,
    argument("files", "FILE...", is_many=True),
    common=(
        *("output", "address_sid", "rate", "duration", "stage", "arrivals", "cycle", "fail_if", "abort_if"),
        *("metrics_file", "first_message", "simulate", "yes", "json"),
    ),
    examples=(
        (
            "Two chats a second for five minutes",
            "provisioner load customers.csv -o load.csv --rate 2/s --duration 5m --cycle",
        ),
        (
            "Ramp up, and fail when more than one chat in a hundred does",
            "provisioner load a.csv -o b.csv --stage 2m:4/s --fail-if 'rate(error) > 1%'",
        ),
        (
            "Against a simulator, without an account",
            "provisioner load customers.csv -o load.csv --duration 30s --simulate",
        ),
    ),
)
def load(files: tuple[str, ...], options: LoadOptions, console: Console) -> Summary:
    """Run a load test: send rows on an arrival schedule and check the figures.

    Every row is sent once, when it is due by the schedule; rows that are late are still sent. Exit code 99 means
    that a condition of --fail-if or --abort-if is true.
    """
    from .load_text import load_lines
    from .performing import perform_on_terminal

    summary = perform_on_terminal(files, options, console, options.loop)
    tell = console.print_status if summary.output == "-" else console.print
    for line in load_lines(summary.details):
        tell(line)
    return summary
