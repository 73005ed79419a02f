"""What libraries and Python itself have to say, as log events: each is told once, and its repeats are counted."""

import logging
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import RLock
from typing import Literal

import structlog

from provisioner.system.tracebacks import fixed_part, place_of

Level = Literal["warning", "error"]

MOST_EVENTS = 100
"""How many different events are told apart; those beyond are counted together."""
TELL_AGAIN_S = 60.0
"""After so long the next repeat is told, with the number of those in between."""


@dataclass(slots=True)
class _Told:
    level: Level
    event: str
    values: dict[str, str]
    at: float
    repeats: int = 0


class LibraryLog:
    """Logs events that may come in floods. May be called on any thread, and by ``__del__``.

    Events are equal when their values are and, where there is an exception, its type and place. The first one is
    logged with its traceback; ``repeated`` counts those since one was last logged. Memory is bounded.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[Hashable, _Told] = {}
        self._lock = RLock()  # collecting garbage may call in while this very thread is inside

    def tell(self, level: Level, event: str, error: BaseException | None = None, **values: str) -> None:
        """Log an event of ``level``, or count it."""
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
        """Log how often each event was repeated since it was last logged."""
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
    """Leads warnings of Python's ``logging`` to ``tell``: the fixed part of a message, never its arguments.

    A message without arguments may have been put together before, so beside an exception it is not told: the type
    and place of the exception say more.
    """

    def __init__(self, tell: Callable[..., None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Tell a record; never fail, whatever it holds."""
        try:
            error = record.exc_info[1] if record.exc_info else None
            message = {"message": fixed_part(str(record.msg))} if error is None or record.args else {}
            self._tell("warning", "library.warned", error, library=record.name, **message)
        except Exception:  # noqa: BLE001, S110 - logging would print the record with its arguments
            pass
