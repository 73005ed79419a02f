"""The one place that decides when the next request may start, and how often it is attempted.

``adaptive_rate`` knows how fast, ``schedule`` turns that into times, ``daily_window`` knows in which hours (all
pure). ``start_queue`` lets requests through, and ``pacer`` is what all of them pass. An
``asyncio_throttle.Throttler`` behind the schedule is the hard cap: it never lets more starts into one second than
were asked for, whatever the schedule says. ``attempts`` makes attempts at a request until one is the last;
``backoff`` says how long to wait between two.
"""

from .daily_window import DailyWindow, parse_window, parse_zone
from .pacer import Pacer
from .schedule import ArrivalSchedule
from .start_queue import Reservation

__all__ = ["ArrivalSchedule", "DailyWindow", "Pacer", "Reservation", "parse_window", "parse_zone"]
