"""Sends rows: bounded in flight, paced, retried, drained. Knows ports only.

``worker_pool`` workers, and what stops them · ``row_processor`` one row from its creation to its first message ·
``steps`` the two steps of it · ``prefetch`` the rows that come next · ``pending_writes`` outcomes on their way to
the disk · ``guards`` how many failures are too many.
"""

from .guards import DispatchLimits, Stop, StopKind
from .worker_pool import Dispatcher

__all__ = ["DispatchLimits", "Dispatcher", "Stop", "StopKind"]
