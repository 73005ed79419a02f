"""Sending of rows, with limits on rate and concurrency, retries, and a graceful stop. Uses protocols only.

``worker_pool`` runs the workers that send rows · ``workers`` their asyncio tasks · ``row_processor`` processes one
row, from its creation to its first message · ``follow_ups`` what is done after the creation · ``history_step``
posts the messages of an old chat · ``steps`` the other steps of a row · ``step_runner`` the attempts at a step ·
``retry`` decides whether another one follows · ``prefetch`` loads the next rows · ``pending_writes`` tracks
outcomes that are not on disk yet · ``limits`` the limits and retry policy of a run · ``guards`` stop a run after
too many failures.
"""

from .guards import Stop, StopKind
from .limits import DispatchLimits
from .steps import HistoryCalls, SettingsCalls, TwilioCalls
from .worker_pool import Dispatcher

__all__ = [
    "DispatchLimits",
    "Dispatcher",
    "HistoryCalls",
    "SettingsCalls",
    "Stop",
    "StopKind",
    "TwilioCalls",
]
