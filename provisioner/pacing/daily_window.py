"""In which hours of the day requests may start. Pure: the moment is handed in.

A window is a stretch of wall-clock time that comes back every day, over midnight if it has to. Where clocks go
forward, a time that is left out counts as much later as they jump; where they go back, the first of two equal
times counts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from provisioner.errors import UsageError
from provisioner.system.printable import quoted

_WINDOW = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_DAY = timedelta(days=1)
_FORESEEN = timedelta(days=3660)
_HOURS, _MINUTES = 24, 60


@dataclass(frozen=True, slots=True)
class DailyWindow:
    """Open from ``opens`` until just before ``closes``, every day; a ``zone`` of None is this machine's."""

    opens: time
    closes: time
    zone: tzinfo | None = None

    def closed_until(self, moment: datetime) -> datetime | None:
        """Return when it opens, in its own zone; None where it is open at ``moment``."""
        start, end = self._stretch_after(moment)
        return None if start <= moment < end else start.astimezone(self.zone)

    def next_change(self, moment: datetime) -> datetime:
        """Return when it next opens or closes after ``moment``, in its own zone."""
        start, end = self._stretch_after(moment)
        return (end if start <= moment else start).astimezone(self.zone)

    def finish(self, start: datetime, work_s: float) -> datetime | None:
        """Return when so many seconds of work are done that begin at ``start`` and rest while it is closed.

        None stands for more than ten years later: each day is looked at, since clocks change.
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
        """Return the first stretch that ends after ``moment``, in UTC."""
        return next((start, end) for start, end in self._stretches(moment) if end > moment)

    def _stretches(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the stretches from the day before ``moment`` on, without those that clocks leave out."""
        day = moment.astimezone(self.zone).date() - _DAY
        is_over_midnight = self.closes <= self.opens
        while True:
            start = self._instant(datetime.combine(day, self.opens))
            end = self._instant(datetime.combine(day + _DAY if is_over_midnight else day, self.closes))
            if start < end:
                yield start, end
            day += _DAY

    def _instant(self, wall: datetime) -> datetime:
        """Return when the clocks show ``wall``."""
        return (wall if self.zone is None else wall.replace(tzinfo=self.zone)).astimezone(UTC)

    def __str__(self) -> str:
        """Render as ``22:00-06:00 Europe/Berlin``."""
        hours = f"{self.opens:%H:%M}-{self.closes:%H:%M}"
        return hours if self.zone is None else f"{hours} {self.zone}"


def parse_window(text: str, zone: tzinfo | None) -> DailyWindow | None:
    """Read ``22:00-06:00``; empty means no window. ``24:00`` is the end of a day."""
    if not text:
        return None
    found = _WINDOW.fullmatch(text.strip())
    opens, closes = (_time(*found.group(first, first + 1)) for first in (1, 3)) if found else (None, None)
    if opens is None or closes is None:
        raise UsageError(f"--window {quoted(text)} is not a window", cure="write it as 22:00-06:00")
    if opens == closes:
        raise UsageError(
            f"--window {quoted(text)} never opens, or never closes", cure="omit it, or give it an end"
        )
    return DailyWindow(opens, closes, zone)


def parse_zone(name: str) -> tzinfo | None:
    """Read the name of a time zone, as ``Europe/Berlin``; empty means this machine's."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise UsageError(
            f"--tz {quoted(name)} is not a time zone this machine knows",
            cure="write it as Europe/Berlin, or UTC",
        ) from error


def _time(hour: str, minute: str) -> time | None:
    hours, minutes = int(hour), int(minute)
    if (hours, minutes) == (_HOURS, 0):
        return time()
    return time(hours, minutes) if hours < _HOURS and minutes < _MINUTES else None
