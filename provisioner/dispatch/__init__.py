"""Sends rows: bounded in flight, paced, retried, drained. Knows ports only.

``dispatcher`` workers, and what stops them · ``journey`` one row from its creation to its first message ·
``legs`` the two steps of it · ``supply`` the rows that come next · ``settlements`` outcomes on their way to the
disk · ``guards`` how many failures are too many.
"""

from .dispatcher import Dispatcher
from .guards import DispatchLimits, Stop, StopKind

__all__ = ["DispatchLimits", "Dispatcher", "Stop", "StopKind"]
