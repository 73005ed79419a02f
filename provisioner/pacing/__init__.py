"""Rate limiting and retries: when the next request may start, and how often it is attempted.

Pure: ``adaptive_rate`` computes the rate, ``schedule`` the start times, and ``daily_window`` the hours of the day.
``start_queue`` holds the waiting requests, and ``pacer`` is the interface to all of these. An
``asyncio_throttle.Throttler`` behind the schedule is a hard limit: it never allows more starts in one second than
requested. ``attempts`` is the retry loop; ``backoff`` computes the delay between two attempts, and
``reachability`` decides when to connect while Twilio cannot be reached. ``places`` limits how many requests are at
the front of the queue. ``shared_pacer`` and ``shared_schedule`` keep one rate over several processes.
"""

from .daily_window import DailyWindow, parse_window
from .pacer import Pacer
from .places import Places
from .reachability import HostReachability, Reachability
from .schedule import ArrivalSchedule
from .shared_pacer import SharedPacer
from .start_queue import Reservation

__all__ = [
    "ArrivalSchedule",
    "DailyWindow",
    "HostReachability",
    "Pacer",
    "Places",
    "Reachability",
    "Reservation",
    "SharedPacer",
    "parse_window",
]
