"""Daily window: the hours of the day in which requests may start. Pure: the time is an argument.

A window is an interval of wall-clock time that repeats every day and may include midnight. When clocks go forward,
a skipped time is moved later by the length of the jump; when clocks go back, the first of two equal times counts.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, tzinfo

import msgspec

from provisioner.errors import UsageError
from provisioner.system.patterns import late_pattern
from provisioner.system.printable import quoted

_WINDOW = late_pattern(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_DAY = timedelta(days=1)
_FORESEEN = timedelta(days=3660)
_HOURS, _MINUTES = 24, 60


class DailyWindow(msgspec.Struct, frozen=True):
    """Interval from ``opens`` (inclusive) to ``closes`` (exclusive) of every day, in ``zone``.

    ``zone`` is None for the time zone of this machine. All datetime arguments must have a time zone.
    """

    opens: time
    closes: time
    zone: tzinfo | None = None

    def closed_until(self, moment: datetime) -> datetime | None:
        """Return when the window next opens, in its time zone; None when it is open at ``moment``."""
        start, end = self._stretch_after(moment)
        return None if start <= moment < end else start.astimezone(self.zone)

    def next_change(self, moment: datetime) -> datetime:
        """Return when the window next opens or closes after ``moment``, in its time zone."""
        start, end = self._stretch_after(moment)
        return (end if start <= moment else start).astimezone(self.zone)

    def finish(self, start: datetime, work_s: float) -> datetime | None:
        """Return when ``work_s`` seconds of work end that start at ``start`` and pause while the window is closed.

        The result is in the time zone of ``start``; None when it is more than ten years later.
        """
        moment, left = start.astimezone(UTC), timedelta(seconds=work_s)
        latest = moment + _FORESEEN
        while moment < latest:
            opened, end = self._stretch_after(moment)
            moment = max(moment, opened)
            if left <= end - moment:
                return (moment + left).astimezone(start.tzinfo)
            left -= end - moment
            moment = end
        return None

    def _stretch_after(self, moment: datetime) -> tuple[datetime, datetime]:
        """Return start and end, in UTC, of the first interval that ends after ``moment``."""
        return next((start, end) for start, end in self._stretches(moment) if end > moment)

    def _stretches(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the intervals from the day before ``moment`` on, without those that a clock change skips."""
        day = moment.astimezone(self.zone).date() - _DAY
        is_over_midnight = self.closes <= self.opens
        while True:
            start = self._instant(datetime.combine(day, self.opens))
            end = self._instant(datetime.combine(day + _DAY if is_over_midnight else day, self.closes))
            if start < end:
                yield start, end
            day += _DAY

    def _instant(self, wall: datetime) -> datetime:
        """Return the time in UTC at which clocks in the window's time zone show ``wall``."""
        return (wall if self.zone is None else wall.replace(tzinfo=self.zone)).astimezone(UTC)

    def __str__(self) -> str:
        """Return the window as ``22:00-06:00 Europe/Berlin``, without the zone when it is this machine's."""
        hours = f"{self.opens:%H:%M}-{self.closes:%H:%M}"
        return hours if self.zone is None else f"{hours} {self.zone}"


def parse_window(text: str, zone: tzinfo | None) -> DailyWindow | None:
    """Return the window for a text such as ``22:00-06:00``, None for an empty text; ``24:00`` is the end of a day.

    Raise ``UsageError`` for any other text, and for a window whose two times are equal.
    """
    if not text:
        return None
    found = _WINDOW.fullmatch(text.strip())
    opens, closes = (_time(*found.group(first, first + 1)) for first in (1, 3)) if found else (None, None)
    if opens is None or closes is None:
        raise UsageError(f"--window {quoted(text)} is not a window", cure="write it as 22:00-06:00")
    if opens == closes:
        raise UsageError(
            f"--window {quoted(text)} opens and closes at the same time",
            cure="omit it, or give two different times",
        )
    return DailyWindow(opens, closes, zone)


def _time(hour: str, minute: str) -> time | None:
    hours, minutes = int(hour), int(minute)
    if (hours, minutes) == (_HOURS, 0):
        return time()
    return time(hours, minutes) if hours < _HOURS and minutes < _MINUTES else None
