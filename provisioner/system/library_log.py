"""Messages of libraries and of Python as log events: each is logged once, and its repeats are counted."""

import logging
import time
from collections.abc import Callable, Hashable
from threading import RLock
from typing import Literal

import msgspec
import structlog

from provisioner.system.tracebacks import fixed_part, place_of

Level = Literal["warning", "error"]

MOST_EVENTS = 100
"""Maximum number of different events that are distinguished; all further ones are counted together."""
TELL_AGAIN_S = 60.0
"""Minimum seconds between two log entries of one event; an entry contains the number of repeats since."""


class _Told(msgspec.Struct):
    level: Level
    event: str
    values: dict[str, str]
    at: float
    repeats: int = 0


class LibraryLog:
    """Logs events that may be repeated very often. May be called from any thread, and from ``__del__``.

    Two events are equal if their level, name and values are, and the type and place of their exceptions. The first
    one is logged with its traceback. Later log entries have ``repeated``, the number of repeats since the entry
    before. At most ``MOST_EVENTS`` different events are kept in memory.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[Hashable, _Told] = {}
        self._lock = RLock()  # garbage collection may call ``tell`` again on the same thread

    def tell(self, level: Level, event: str, error: BaseException | None = None, **values: str) -> None:
        """Log the event, or only count it if an equal one was logged in the last ``TELL_AGAIN_S`` seconds."""
        if error is not None:
            values |= {"error_type": type(error).__name__, "error_place": place_of(error)}
        key: Hashable = (level, event, *values.items())
        new = _Told(level, event, values, self._clock())
        with self._lock:
            if key not in self._told and len(self._told) >= MOST_EVENTS:
                key, error = "others", None
                new = _Told("warning", "library.warned", {"library": "others"}, new.at)
            told = self._told.setdefault(key, new)
            if told is new:
                _log(new.level, new.event, new.values, exc_info=error)
                return
            told.repeats += 1
            if new.at - told.at >= TELL_AGAIN_S:
                self._tell_repeats(told)

    def close(self) -> None:
        """Log the number of repeats of each event since its last log entry, and forget all events."""
        with self._lock:
            for told in self._told.values():
                if told.repeats:
                    self._tell_repeats(told)
            self._told.clear()

    def _tell_repeats(self, told: _Told) -> None:
        _log(told.level, told.event, told.values, repeated=told.repeats)
        told.repeats, told.at = 0, self._clock()


def _log(level: Level, event: str, values: dict[str, str], **more: object) -> None:
    log = structlog.get_logger()
    (log.error if level == "error" else log.warning)(event, **values, **more)


class LibraryHandler(logging.Handler):
    """Handler that passes warnings and errors of Python's ``logging`` to ``tell``, without message arguments.

    Only the fixed part of a message is passed. A message without arguments may already contain values; if there is
    an exception, such a message is omitted, because the exception's type and place say more.
    """

    def __init__(self, tell: Callable[..., None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on one record; never raise, whatever the record contains."""
        try:
            error = record.exc_info[1] if record.exc_info else None
            message = {"message": fixed_part(str(record.msg))} if error is None or record.args else {}
            self._tell("warning", "library.warned", error, library=record.name, **message)
        except Exception:  # noqa: BLE001, S110 - logging would print the record with its arguments
            pass
