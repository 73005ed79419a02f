"""``provisioner status``: what has become of a job, also while it runs."""

from pathlib import Path

from provisioner.models.summary import Summary
from provisioner.options import StatusOptions

from .console import Console
from .options import argument, command


@command(StatusOptions, argument("ledger", "LEDGER", of=Path))
def status(ledger: Path, options: StatusOptions, console: Console) -> Summary:  # noqa: ARG001 - nothing to choose
    """Tell what has become of a job, also while it runs."""
    from provisioner.ledger import LedgerLocation, open_reader

    from .status_text import show_job, status_details

    location = LedgerLocation.parse(ledger)
    with open_reader(location) as reader:
        details = status_details(reader)
        counts, messages = reader.counts(), reader.message_counts()
    show_job(details, console)
    return Summary(command="status", counts=counts, messages=messages, ledger=str(location), details=details)
