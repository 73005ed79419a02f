"""Job whose input and ledger are open."""

import msgspec

from provisioner.ledger import Ledger
from provisioner.planning.history import HistoryFile
from provisioner.planning.input import JobInput
from provisioner.ports.user_interface import UserInterface
from provisioner.signals import StopSignals


class OpenJob(msgspec.Struct, frozen=True):
    """Open input and ledger of a job, with the user interface and the stop signals, for the steps of a run.

    ``history`` is the file of ``--history``, None without it.
    """

    input: JobInput
    ledger: Ledger
    ui: UserInterface
    stop: StopSignals
    history: HistoryFile | None = None
