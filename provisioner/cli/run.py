"""``provisioner run``: one WebChat for every row."""

from provisioner.models.summary import Summary
from provisioner.options import RunOptions

from .console import Console
from .options import argument, command


@command(RunOptions, argument("files", "FILE...", is_many=True))
def run(files: tuple[str, ...], options: RunOptions, console: Console) -> Summary:
    """Create one WebChat for every row; the same command resumes.

    Every FILE (CSV or JSON Lines, also compressed; - is stdin) is read and validated first. Then every row is
    sent once, and the results file says what became of each.
    """
    from provisioner.commands.run import run_job

    from .environment import process_environment
    from .event_loop import run_with_loop
    from .process_signals import ProcessSignals

    return run_with_loop(options.loop, run_job(files, options, process_environment(), console, ProcessSignals()))
