"""A local Twilio double: WebChats and the Conversations around them, with limits, errors and scripted faults.

It knows nothing of the worker, so that it can disagree with it. Importing it does not load the HTTP library;
starting a server does.
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
