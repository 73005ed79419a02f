"""The one place that decides when the next request may start.

``adaptive_rate`` knows how fast, ``schedule`` turns that into times, ``daily_window`` knows in which hours (all
pure), and ``pacer`` lets requests through. ``attempts`` makes attempts at a request until one is the last. An
``asyncio_throttle.Throttler`` behind the schedule is the hard cap: it never lets more starts into one second than
were asked for, whatever the schedule says.
"""

from .daily_window import DailyWindow, parse_window, parse_zone
from .pacer import Pacer, Reservation
from .schedule import ArrivalSchedule

__all__ = ["ArrivalSchedule", "DailyWindow", "Pacer", "Reservation", "parse_window", "parse_zone"]
