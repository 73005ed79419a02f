"""Job whose input and ledger are open."""

from dataclasses import dataclass

from provisioner.ledger import Ledger, SharedRate
from provisioner.planning.history import HistoryFile
from provisioner.planning.input import JobInput
from provisioner.ports.user_interface import UserInterface
from provisioner.signals import StopSignals


@dataclass(frozen=True, slots=True)
class OpenJob:
    """Open input and ledger of a job, with the user interface and the stop signals, for the steps of a run.

    ``history`` is the file of ``--history``, None without it. ``shared_rate`` is the rate of the account that all
    workers and jobs of a database share; None for that of the ledger's database, if it is in one.
    """

    input: JobInput
    ledger: Ledger
    ui: UserInterface
    stop: StopSignals
    history: HistoryFile | None = None
    shared_rate: SharedRate | None = None
