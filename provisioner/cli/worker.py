"""The command ``provisioner worker``: join the run of a job whose ledger is in a database."""

from provisioner.models.summary import Summary
from provisioner.options import WorkerOptions

from .console import Console
from .options import argument, command


@command(
    WorkerOptions,
    argument("ledger", "ADDRESS"),
    examples=(
        ("Join a run from another machine", "provisioner worker 'postgresql://db.example/jobs?job=june'"),
        ("Join a run with --ledger embedded", "provisioner worker results.csv"),
        ("Take the credentials from a profile", "provisioner worker results.csv --profile prod"),
    ),
)
def worker(ledger: str, options: WorkerOptions, console: Console) -> Summary:
    """Join the run of a job whose ledger is in a database: one more worker.

    It may run on any machine, and join at any time. ADDRESS is that of the run's --ledger; for --ledger embedded,
    it is the results file of the run. Options are those of the run, and so are the files, which have to be
    readable here at the same names. Credentials come from the environment of the worker. When the run ends, so
    does the worker, with the run's exit code; it is 75 when there is no run, or when others have taken its rows.
    """
    from .performing import perform_on_terminal

    return perform_on_terminal([ledger], options, console, options.loop)
