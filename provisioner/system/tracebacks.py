"""Exceptions as types and places, without texts, arguments, notes or source lines, which may quote a row."""

import os
from collections.abc import Iterator
from types import CodeType, TracebackType

from .patterns import late_pattern

MOST_EXCEPTIONS = 20
"""Maximum number of exceptions of one chain or group that are described."""
MOST_PLACES = 40
"""Maximum number of frames of one exception that are listed; an endless recursion has about a thousand."""
LONGEST_MESSAGE = 200
"""Maximum number of characters of a message that are logged."""
_OUTERMOST = 10
_OPENING = late_pattern(r"[<({\[]")
_ROOT = __file__.rpartition(f"provisioner{os.sep}")[0]
_OURS = f"{_ROOT}provisioner{os.sep}"


def describe_traceback(error: BaseException) -> list[str]:
    """Return one line for each type and place of an exception, its causes and its members, root cause first.

    Each exception is described only once, even if others refer to it repeatedly or in a cycle. At most
    ``MOST_EXCEPTIONS`` are described.
    """
    return _Description().of(error)


def place_of(error: BaseException) -> str:
    """Return file, line and function of the innermost frame in this package, or else of the innermost frame."""
    frames = [*_frames(error.__traceback__)]
    ours = [frame for frame in frames if frame[0].co_filename.startswith(_OURS)]
    return _place(*(ours or frames)[-1]).removeprefix(_ROOT) if frames else "an unknown place"


def fixed_part(text: str) -> str:
    """Return the first line of a message up to the first bracket, since values are often put in brackets."""
    return _OPENING.split(text.partition("\n")[0], maxsplit=1)[0].rstrip()[:LONGEST_MESSAGE]


class _Description:
    """Description of one exception and all related ones; keeps track of those already described."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def of(self, error: BaseException) -> list[str]:
        name = type(error).__name__
        if id(error) in self._seen:
            return [f"{name}, which is described elsewhere"]
        if len(self._seen) == MOST_EXCEPTIONS:
            return [f"{name} and possibly more"]
        self._seen.add(id(error))
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        before = [*self.of(cause), "then:"] if cause else []
        inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
        # All members beyond the limit give one line, not one each.
        within = [line for each in inner[:MOST_EXCEPTIONS] for line in ("holding:", *self.of(each))]
        return [*before, *_places(error.__traceback__), name, *within]


def _places(trace: TracebackType | None) -> list[str]:
    places = [_place(*frame) for frame in _frames(trace)]
    if len(places) <= MOST_PLACES:
        return places
    left_out = len(places) - MOST_PLACES
    return [*places[:_OUTERMOST], f"… {left_out} more …", *places[_OUTERMOST - MOST_PLACES :]]


def _place(code: CodeType, line: int) -> str:
    return f"{code.co_filename}:{line} in {code.co_qualname}"


def _frames(trace: TracebackType | None) -> Iterator[tuple[CodeType, int]]:
    while trace is not None:
        yield trace.tb_frame.f_code, trace.tb_lineno
        trace = trace.tb_next
