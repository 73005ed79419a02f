"""``provisioner load``: a load test."""

from provisioner.models.summary import Summary
from provisioner.options import LoadOptions

from .console import Console
from .options import argument, command


@command(LoadOptions, argument("files", "FILE...", is_many=True))
def load(files: tuple[str, ...], options: LoadOptions, console: Console) -> Summary:
    """Send rows as they would arrive, and judge how it went.

    Every row is sent once, when the schedule says so; late ones are sent late. Exit code 99 says that a condition
    of --fail-if or --abort-if came true.
    """
    from .load_text import load_lines
    from .performing import perform_on_terminal

    summary = perform_on_terminal(files, options, console, options.loop)
    tell = console.print_status if summary.output == "-" else console.print
    for line in load_lines(summary.details):
        tell(line)
    return summary
