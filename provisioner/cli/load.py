"""The command ``provisioner load``: run a load test."""

from provisioner.models.summary import Summary
from provisioner.options import LoadOptions

from .console import Console
from .options import argument, command


@command(LoadOptions, argument("files", "FILE...", is_many=True))
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
