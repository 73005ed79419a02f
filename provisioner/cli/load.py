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
    from provisioner.commands.load import run_load_test as load_job

    from .environment import process_environment
    from .event_loop import run_with_loop
    from .load_text import load_lines
    from .process_signals import ProcessSignals

    summary = run_with_loop(
        options.loop, load_job(files, options, process_environment(), console, ProcessSignals())
    )
    tell = console.print_status if summary.output == "-" else console.print
    for line in load_lines(summary.details):
        tell(line)
    return summary
