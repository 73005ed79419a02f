"""A flood of equal warnings is one line and a count."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from provisioner.logs import LogSettings, logging_configured
from provisioner.system.library_log import MOST_EVENTS, TELL_AGAIN_S, LibraryHandler, LibraryLog


@contextmanager
def library_log(clock: Callable[[], float] = lambda: 0.0) -> Iterator[tuple[LibraryLog, list[dict[str, Any]]]]:
    """Give a log of libraries and the events that it has logged."""
    lines, events = list[str](), list[dict[str, Any]]()
    with logging_configured(LogSettings(), lines.append, is_terminal=False, has_colour=False):
        log = LibraryLog(clock=clock)
        yield log, events
        log.close()
    events += map(json.loads, lines)


def failure() -> ValueError:
    """Return an exception of one place."""
    try:
        int("Ada")
    except ValueError as error:
        return error
    raise AssertionError("Ada is no number")


def test_repeats_are_counted_and_told_at_the_end() -> None:
    """The first of equal events is told in full; others of another message or place are told as well."""
    with library_log() as (log, events):
        for _ in range(500):
            log.tell("warning", "library.warned", failure(), library="a", message="x")
        log.tell("warning", "library.warned", library="a", message="x")
        log.tell("warning", "library.warned", library="a", message="y")

    assert [event.get("repeated") for event in events] == [None, None, None, 499]
    assert events[3]["error_place"] == events[0]["error_place"]
    assert events[3]["error_type"] == "ValueError"


def test_repeats_are_told_every_minute_while_they_go_on() -> None:
    """Somebody who looks on learns that it has not stopped."""
    times = iter([0.0, 1.0, 2.0, TELL_AGAIN_S, TELL_AGAIN_S, TELL_AGAIN_S + 1, TELL_AGAIN_S + 2])
    with library_log(lambda: next(times)) as (log, events):
        for _ in range(5):
            log.tell("error", "thread.crashed", where="x")

    assert [event.get("repeated") for event in events] == [None, 3, 1]


def test_a_flood_of_different_events_takes_bounded_memory_and_lines() -> None:
    """Beyond a hundred, what differs is counted together."""
    with library_log() as (log, events):
        for number in range(10 * MOST_EVENTS):
            log.tell("warning", "library.warned", library="a", message=str(number))

    assert len(events) == MOST_EVENTS + 2
    assert (events[-1]["library"], events[-1]["repeated"]) == ("others", 9 * MOST_EVENTS - 1)


def test_a_message_without_arguments_is_not_told_beside_an_exception() -> None:
    """It may have been put together before; and a record that cannot be told is dropped, not printed."""
    told = list[dict[str, Any]]()
    handler = LibraryHandler(lambda level, event, error=None, **values: told.append(values))

    class Unprintable:
        def __str__(self) -> str:
            raise ValueError("Ada")

    for message, arguments, error in (
        ("Ada has failed", (), failure()),
        ("%s has failed", ("Ada",), failure()),
        ("has failed", (), None),
        (Unprintable(), (), None),
    ):
        exc_info = (type(error), error, None) if error else None
        handler.emit(logging.LogRecord("lib", logging.ERROR, "a.py", 1, message, arguments, exc_info))

    assert told == [
        {"library": "lib"},
        {"library": "lib", "message": "%s has failed"},
        {"library": "lib", "message": "has failed"},
    ]
