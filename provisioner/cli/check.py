"""``provisioner check``: the plan, before anybody is called."""

from provisioner.errors import ExitCode
from provisioner.models.summary import CommandOutcome, Summary
from provisioner.options import CheckOptions

from .console import Console
from .options import argument, command


@command(CheckOptions, argument("files", "FILE...", is_many=True))
def check(files: tuple[str, ...], options: CheckOptions, console: Console) -> Summary:
    """Read and validate everything, call nothing, print the plan.

    Exit code 0 says that every row could be sent, 4 that some are invalid.
    """
    from provisioner.commands.check import check_input

    from .check_text import check_details, check_lines
    from .event_loop import run_with_loop
    from .process_signals import ProcessSignals

    checked = run_with_loop("asyncio", check_input(files, options, console, ProcessSignals()))
    for line in check_lines(checked):
        console.print(line)
    counts = checked.plan.counts
    return Summary(
        command="check",
        exit_code=ExitCode.REJECTED if counts.invalid else ExitCode.DONE,
        outcome=CommandOutcome.CHECKED,
        counts=counts,
        details=check_details(checked, counts),
    )
