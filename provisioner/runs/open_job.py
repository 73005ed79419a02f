"""A job whose input and ledger are open."""

from dataclasses import dataclass

from provisioner.ledger import Ledger
from provisioner.planning.input import JobInput
from provisioner.ports.user_interface import UserInterface
from provisioner.signals import StopSignals


@dataclass(frozen=True, slots=True)
class OpenJob:
    """What the steps of a run work on: input and ledger, who is told, and what may stop it."""

    input: JobInput
    ledger: Ledger
    ui: UserInterface
    stop: StopSignals
