"""Exceptions as types and places: never their texts, arguments, notes or source lines, which may quote a row."""

import os
import re
from collections.abc import Iterator
from types import CodeType, TracebackType

MOST_EXCEPTIONS = 20
"""How many exceptions of one chain or group are described."""
MOST_PLACES = 40
"""How many frames of one exception are listed: a recursion without end has a thousand."""
LONGEST_MESSAGE = 200
"""Characters of a message that are told."""
_OUTERMOST = 10
_OPENING = re.compile(r"[<({\[]")
_ROOT = __file__.rpartition(f"provisioner{os.sep}")[0]
_OURS = f"{_ROOT}provisioner{os.sep}"


def describe_traceback(error: BaseException) -> list[str]:
    """Return the types and places of an exception, its causes and its members, the root first.

    Each exception is described once, however often and in whatever circle others refer to it, and at most
    ``MOST_EXCEPTIONS`` are.
    """
    return _Description().of(error)


def place_of(error: BaseException) -> str:
    """Return file, line and function of the innermost frame that is ours, or else of the innermost one."""
    frames = [*_frames(error.__traceback__)]
    ours = [frame for frame in frames if frame[0].co_filename.startswith(_OURS)]
    return _place(*(ours or frames)[-1]).removeprefix(_ROOT) if frames else "an unknown place"


def fixed_part(text: str) -> str:
    """Return the first line of a message up to a bracket, behind which stands what it was made of."""
    return _OPENING.split(text.partition("\n")[0], maxsplit=1)[0].rstrip()[:LONGEST_MESSAGE]


class _Description:
    """Describes what belongs to one exception; knows what it has described."""

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
        # What lies beyond the bound is one line, not one for each.
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
