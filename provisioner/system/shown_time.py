"""Times as they are shown to people: in one time zone for the whole command, and with their offset from UTC.

Files and JSON hold UTC. The zone is a context variable, so that it applies to all tasks and threads of one command
and to no other command of the same process.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, tzinfo

_zone: ContextVar[tzinfo | None] = ContextVar("shown_zone", default=None)


@contextmanager
def times_shown_in(zone: tzinfo | None) -> Iterator[None]:
    """Show times in ``zone`` inside the context; None is the time zone of this machine."""
    token = _zone.set(zone)
    try:
        yield
    finally:
        _zone.reset(token)


def shown_zone() -> tzinfo | None:
    """Return the zone of the context, for a thread that does not have it; None is that of this machine."""
    return _zone.get()


def shown_time(moment: datetime | float) -> datetime:
    """Return an aware datetime, or a Unix time in seconds, in the zone in which times are shown."""
    known = moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
    return known.astimezone(_zone.get())


def moment_text(moment: datetime | float, timespec: str = "seconds") -> str:
    """Return date, time and offset, such as ``2026-11-29 08:12:03+01:00``; ``timespec`` as for ``isoformat``."""
    return shown_time(moment).isoformat(sep=" ", timespec=timespec)


def clock_text(moment: datetime | float, timespec: str = "seconds") -> str:
    """Return time of day and offset, such as ``08:12:03+01:00``; ``timespec`` as for ``isoformat``."""
    return shown_time(moment).isoformat(timespec=timespec).partition("T")[2]


def stored_moment_text(text: str) -> str:
    """Return ``moment_text`` of a time in a ledger, RFC 3339; a text that is no such time is returned as it is."""
    try:
        return moment_text(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return text
