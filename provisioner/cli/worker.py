"""The command ``provisioner worker``: join the run of a job whose ledger is in a database."""

from provisioner.models.summary import Summary
from provisioner.options import WorkerOptions

from .console import Console
from .options import argument, command


@command(WorkerOptions, argument("ledger", "ADDRESS"))
def worker(ledger: str, options: WorkerOptions, console: Console) -> Summary:
    """Join the run of a job whose ledger is in a database: one more worker.

    It may run on any machine, and join at any time. ADDRESS is that of the run's --ledger. Inputs and options are
    those of the run, whose files have to be readable here at the same names. When the run ends, so does this
    worker, with the run's exit code.
    """
    from .performing import perform_on_terminal

    return perform_on_terminal([ledger], options, console, options.loop)
