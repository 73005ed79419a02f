"""Sends rows: bounded in flight, paced, retried, drained. Knows ports only.

``worker_pool`` hands rows to workers, and stops them · ``workers`` the tasks they are · ``row_processor`` one row
from its creation to its first message · ``steps`` the two steps of it · ``retry`` whether an attempt follows ·
``prefetch`` the rows that come next · ``pending_writes`` outcomes on their way to disk · ``limits`` of a run ·
``guards`` how many failures are too many.
"""

from .guards import Stop, StopKind
from .limits import DispatchLimits
from .steps import TwilioCalls
from .worker_pool import Dispatcher

__all__ = ["DispatchLimits", "Dispatcher", "Stop", "StopKind", "TwilioCalls"]
