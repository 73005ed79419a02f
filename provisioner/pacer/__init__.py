"""The one place that decides when the next request may start.

``governor`` knows how fast, ``schedule`` turns that into times (both pure), ``pacer`` lets requests through.
An ``asyncio_throttle.Throttler`` behind the schedule is the hard cap: it never lets more starts into one second
than were asked for, whatever the schedule says.
"""

from .pacer import Pacer, Turn
from .schedule import Timetable

__all__ = ["Pacer", "Timetable", "Turn"]
