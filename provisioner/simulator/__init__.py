"""Local Twilio double: WebChats and the Conversations API around them, with limits, errors and scripted faults.

It imports nothing from the rest of the program, so that a shared mistake cannot hide in both. Importing it does
not import the HTTP library; starting a server does.
"""

from .fault_file import load_faults, parse_fault
from .faults import FaultName, FaultRule, FaultScript
from .hosts import is_loopback
from .server import RunningSimulator, open_simulator
from .settings import SimulatorSettings

__all__ = [
    "FaultName",
    "FaultRule",
    "FaultScript",
    "RunningSimulator",
    "SimulatorSettings",
    "is_loopback",
    "load_faults",
    "open_simulator",
    "parse_fault",
]
