"""Times of day in one time zone, and round times for the axis of a chart; pure functions of Unix times."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

DAY_S = 86_400
STEPS_S = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10_800, 21_600, 43_200),
    *(days * DAY_S for days in (1, 2, 5, 7, 14, 30, 60, 180, 365)),
)
"""Seconds between two ticks of an axis of times; those below a day divide it."""
MOST_TICKS = 9
LATEST_S = 221_845_392_000.0
"""Start of the year 9000: later times are shown as this one, so that no sum of times leaves the calendar."""
_MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Tick:
    """Place on an axis with its label."""

    place: float
    label: str


@dataclass(frozen=True, slots=True)
class LocalClock:
    """LocalClock of one time zone; ``zone`` is None for the time zone of this machine. Times are Unix seconds."""

    zone: tzinfo | None = None

    def at(self, unix_s: float) -> datetime:
        """Return a time as an aware datetime of the zone."""
        return datetime.fromtimestamp(min(max(unix_s, DAY_S), LATEST_S), UTC).astimezone(self.zone)

    def moment(self, unix_s: float) -> str:
        """Return a time with date and offset, such as ``2026-11-29 08:12:03+01:00``."""
        return self.at(unix_s).isoformat(sep=" ", timespec="seconds")

    def time_of_day(self, unix_s: float) -> str:
        """Return a time as ``08:12:03``."""
        return f"{self.at(unix_s):%H:%M:%S}"

    def day(self, unix_s: float) -> str:
        """Return the day of a time as ``29 Nov 2026``."""
        return f"{self.at(unix_s):%-d %b %Y}"

    def span(self, start: float, end: float) -> str:
        """Return two times as ``2026-11-29 08:12:03 to 08:14:10+01:00``, both in full when the day differs."""
        first, last = self.at(start), self.at(end)
        if (first.date(), first.utcoffset()) != (last.date(), last.utcoffset()):
            return f"{self.moment(start)} to {self.moment(end)}"
        return f"{first:%Y-%m-%d %H:%M:%S} to {self.moment(end).partition(' ')[2]}"

    def axis_title(self, start: float, end: float) -> str:
        """Return what an axis of these times shows, such as ``29 Nov 2026, UTC+01:00``."""
        offsets = {_offset_text(self.at(moment)) for moment in (start, end)}
        days = [self.day(start)] if self.day(start) == self.day(end) else [self.day(start), self.day(end)]
        return f"{' to '.join(days)}, {' and '.join(sorted(offsets))}"

    def ticks(self, start: float, end: float) -> Sequence[Tick]:
        """Return at most ``MOST_TICKS`` round times from ``start`` to ``end``; a new day shows its date."""
        span = end - start
        step = next((step for step in STEPS_S if span / step < MOST_TICKS - 1), STEPS_S[-1])
        first = self._round_down(start, step)
        wall = [first + timedelta(seconds=step * number) for number in range(MOST_TICKS + 1)]
        # A time that the clocks skip is moved by the length of the jump, and may meet the next one.
        places = sorted({each.replace(tzinfo=self.zone).timestamp() for each in wall})
        return [Tick(place, self._label(place, step)) for place in places if start <= place <= end]

    def _round_down(self, moment: float, step: int) -> datetime:
        """Return the last round time of day until ``moment``, without a zone; for days, its midnight."""
        midnight = datetime.combine(self.at(moment).date(), time())
        if step >= DAY_S:
            return midnight
        passed = (self.at(moment).replace(tzinfo=None) - midnight).total_seconds()
        return midnight + timedelta(seconds=passed // step * step)

    def _label(self, moment: float, step: int) -> str:
        shown = self.at(moment)
        if step >= DAY_S or shown.time() == time():
            return f"{shown:%-d %b}"
        return f"{shown:%H:%M:%S}" if step < _MINUTE_S else f"{shown:%H:%M}"


def _offset_text(moment: datetime) -> str:
    text = f"{moment:%z}"
    return "UTC" if text == "+0000" else f"UTC{text[:3]}:{text[3:5]}"
