"""Configuration of logging: one line per event, as text on a terminal, as JSON elsewhere and in a file.

A class gets its logger once, in its constructor, from ``system.event_log.event_logger()``. A bound logger needs
about 0.2 µs for a call below its level; an unbound one looks up the configuration in every call. Events are named
``noun.verb_past``. Values that belong to all following events (``run_id``) are bound with
``structlog.contextvars.bound_contextvars``.

Code that logs must not pass secrets or customers' data. As a second defence, values are masked here by their
names, objects are logged as their type only, and exceptions as type and places, without text and variables, which
may quote a row.
"""

import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import lru_cache
from io import FileIO
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import structlog
from structlog.typing import EventDict, Processor

from provisioner.errors import UsageError
from provisioner.models import FIELDS
from provisioner.system.library_log import LibraryHandler, LibraryLog
from provisioner.system.os_errors import os_reason
from provisioner.system.patterns import late_pattern
from provisioner.system.printable import Styled, printable, printable_json
from provisioner.system.regular_files import Streams, open_regular
from provisioner.system.shown_time import clock_text, shown_zone, times_shown_in
from provisioner.system.tracebacks import describe_traceback, place_of

Write = Callable[[str], None]
"""Function that writes one line, which is passed without a line break."""


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of logging.

    ``level`` is ``debug``, ``info``, ``warning`` or ``error``. ``stderr_level`` is a higher level for the lines on
    stderr; empty is ``level``. ``format`` is ``console``, ``json`` or ``auto`` (console on a terminal, JSON
    elsewhere). ``file`` is a file that gets all lines as JSON, in addition to stderr.
    """

    level: str = "info"
    stderr_level: str = ""
    format: str = "auto"
    file: Path | None = None

    @property
    def keeps_tracebacks(self) -> bool:
        """Whether tracebacks are logged: in the file, or on stderr at level ``debug``."""
        return self.file is not None or self.level == "debug"


class _Destination(NamedTuple):
    render: Callable[[Any, str, EventDict], str]
    write: Write
    has_traceback: bool
    level: str


def _shows_all(_event: EventDict) -> bool:
    return False


@contextmanager
def logging_configured(
    settings: LogSettings,
    write: Write,
    *,
    is_terminal: bool,
    has_colour: bool,
    omits: Callable[[EventDict], bool] = _shows_all,
) -> Iterator[LibraryLog]:
    """Send log events to ``write`` and to the log file inside the context.

    ``omits`` is called with each event that is to be text for people, and says whether it is not written.

    Warnings and errors of Python's ``logging`` go there too, through the ``LibraryLog`` that is yielded. Errors
    while writing a line are ignored, because logging must never stop a run. Raise ``UsageError`` when the log file
    cannot be opened.
    """
    is_console = settings.format == "console" or (settings.format == "auto" and is_terminal)
    render = _console_renderer(has_colour=has_colour, omits=omits) if is_console else _render_json
    before = structlog.get_config() if structlog.is_configured() else None
    with _opened(settings.file) as file:
        least = settings.stderr_level or settings.level
        destinations = [_Destination(render, write, settings.level == "debug", least)]
        if file is not None:
            destinations.append(
                _Destination(_render_json, _line_writer(file), has_traceback=True, level=settings.level)
            )
        _configure(least if file is None else settings.level, destinations)
        libraries = LibraryLog()
        handler = LibraryHandler(libraries.tell)
        logging.getLogger().addHandler(handler)
        try:
            yield libraries
        finally:
            logging.getLogger().removeHandler(handler)
            libraries.close()
            _restore(before)


def _restore(before: dict[str, Any] | None) -> None:
    if before is None:  # otherwise a job of ``provisioner.api`` would find structlog configured with its defaults
        structlog.reset_defaults()
    else:
        structlog.configure(**before)


def _configure(level: str, destinations: list[_Destination]) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _NOW,
            _tell_exception,
            _mask,
            _render_each(destinations),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Lines([destination.write for destination in destinations]),
        cache_logger_on_first_use=False,
    )


class _Lines:
    """The wrapped logger of structlog: writes one rendered line to each destination."""

    def __init__(self, writes: list[Write]) -> None:
        self._writes = writes

    def msg(self, *lines: str) -> None:
        for write, line in zip(self._writes, lines, strict=True):
            with suppress(OSError, ValueError):
                if line:
                    write(line)

    debug = info = warning = error = critical = msg


_LEVELS = ("debug", "info", "warning", "error", "critical")


def _render_each(destinations: list[_Destination]) -> Processor:
    def render(logger: Any, name: str, event: EventDict) -> tuple[tuple[str, ...], dict[str, Any]]:
        lines = []
        for destination in destinations:
            if _LEVELS.index(event["level"]) < _LEVELS.index(destination.level):
                lines.append("")
                continue
            told = dict(event)
            if not destination.has_traceback:
                told.pop("traceback", None)
            lines.append(destination.render(logger, name, told))
        return tuple(lines), {}

    return render


def _console_renderer(
    *, has_colour: bool, omits: Callable[[EventDict], bool]
) -> Callable[[Any, str, EventDict], str]:
    renderer = structlog.dev.ConsoleRenderer(colors=has_colour, pad_event_to=16, sort_keys=False)
    zone = shown_zone()  # events of other threads are shown in it, too

    def render(logger: Any, name: str, event: EventDict) -> str:
        if omits(event):
            return ""
        # On a terminal the time of day is sufficient, and there is only one run.
        with times_shown_in(zone):
            event["timestamp"] = clock_text(datetime.fromisoformat(event["timestamp"]))
        event.pop("run_id", None)
        traceback_lines = event.pop("traceback", ())
        event = {printable(name): _printable(value) for name, value in event.items()}
        if traceback_lines:
            event["exception"] = "\n".join(map(printable, traceback_lines))
        return Styled(renderer(logger, name, event))

    return render


def _render_json(_logger: Any, _name: str, event: EventDict) -> str:
    head = {name: event.pop(name, "") for name in ("timestamp", "level", "event")}
    return printable_json(msgspec.json.encode({**head, **event}).decode())


def json_event(level: str, event: str, values: Mapping[str, Any]) -> str:
    """Return an event that does not pass through the log as one of its lines of JSON; values are masked alike."""
    told = _NOW(None, "", {"level": level, "event": event, **values})
    return _render_json(None, "", _mask(None, "", told))


_NOW = structlog.processors.TimeStamper(fmt="iso", utc=True)


def _printable(value: Any) -> Any:
    """Return a string with escapes; the notation of other values is printable already."""
    return printable(value) if isinstance(value, str) else value


def _mask(_logger: Any, _name: str, event: EventDict) -> EventDict:
    """Mask values whose names show that they are secrets or customers' data; the second line of defence."""
    return {name: _HIDDEN if _is_private(name) else _plain(value) for name, value in event.items()}


_HIDDEN = "***"
_SECRETS = late_pattern(r"password|passwd|secret|token|credential|cookie|api_?key|auth(?!or)|authorization")
_CUSTOMER = frozenset(name.replace("_", "") for name in FIELDS) - {
    "addresssid",
    "uiversion",
    "inactiveafter",
    "closeafter",
    "accountsid",
} | {
    "friendlyname",
    "customername",
    "body",
    "rowvalues",
}


@lru_cache(maxsize=1024)
def _is_private(name: str) -> bool:
    lowered = name.lower()
    squeezed = re.sub(r"[^a-z]", "", lowered)
    return squeezed in _CUSTOMER or _SECRETS.search(lowered) is not None


def _plain(value: Any) -> Any:
    """Return texts, numbers and containers of them as JSON types; for any other object return its type's name."""
    if isinstance(value, str):
        # A file name may contain bytes that are not UTF-8; the line must be valid UTF-8.
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Path):
        return _plain(str(value))
    if isinstance(value, Mapping):
        return {str(name): _HIDDEN if _is_private(str(name)) else _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in value]
    return f"<{type(value).__name__}>"


def _tell_exception(_logger: Any, _name: str, event: EventDict) -> EventDict:
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else sys.exception() if given else None
    if error is not None:
        event["error_type"], event["error_place"] = type(error).__name__, place_of(error)
        event["traceback"] = describe_traceback(error)
    return event


_LOG_STREAMS = Streams.INHERITED | Streams.NULL | Streams.TERMINAL


@contextmanager
def _opened(path: Path | None) -> Iterator[FileIO | None]:
    if path is None:
        yield None
        return
    try:
        descriptor = open_regular(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, streams=_LOG_STREAMS)
    except OSError as error:
        raise UsageError(
            f"--log-file {path}: {os_reason(error)}", cure="name a file in an existing folder that is writable"
        ) from error
    # Unbuffered: a line that could not be written must not cause an error when the file is closed.
    with FileIO(descriptor, "a") as file:
        yield file


def _line_writer(file: FileIO) -> Write:
    def write(line: str) -> None:
        file.write(f"{line}\n".encode())

    return write
