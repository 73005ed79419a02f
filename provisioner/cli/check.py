"""The command ``provisioner check``: validate the input and print the plan without calling Twilio."""

from provisioner.models.summary import Summary
from provisioner.options import CheckOptions

from .console import Console
from .options import argument, command


@command(CheckOptions, argument("files", "FILE...", is_many=True))
def check(files: tuple[str, ...], options: CheckOptions, console: Console) -> Summary:
    """Read and validate everything, call nothing, print the plan.

    Exit code 0 means that every row can be sent, 4 that some rows are invalid.
    """
    from .check_text import check_lines
    from .performing import perform_on_terminal

    summary = perform_on_terminal(files, options, console, "asyncio")
    for line in check_lines(summary, is_verbose=options.verbose):
        console.print(line)
    return summary
