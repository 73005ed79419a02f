"""Types of the arguments that calls of ``provisioner.api`` share, and checks that raise ``UsageError``."""

import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, cast

from provisioner.errors import UsageError
from provisioner.models.progress import Progress

PathName = str | os.PathLike[str]
PathNames = PathName | Iterable[PathName]
Environ = Mapping[str, str] | None
OnProgress = Callable[[Progress], object]


_WITHOUT_FILE = {"close"}
"""Commands that may select by their options what they work on."""


class StopEvent(Protocol):
    """Event that stops a job: ``threading.Event``, ``asyncio.Event`` or ``multiprocessing.Event``."""

    def is_set(self) -> bool:
        """Return whether the job shall stop."""
        ...


def read_names(command: str, paths: object) -> list[str]:
    """Return the names of one file or of several; raise ``UsageError`` for none, and for values that are no paths.

    ``command`` is named in the error.
    """
    is_one = isinstance(paths, str | bytes | os.PathLike) or not isinstance(paths, Iterable)
    given: Iterable[object] = [paths] if is_one else cast("Iterable[object]", paths)
    names: list[str] = []
    for each in given:
        name = os.fspath(each) if isinstance(each, str | os.PathLike) else None
        if not isinstance(name, str):
            raise UsageError(
                f"{command}: a file is named by a text or a path, and not by {type(each).__name__}",
                cure="give one name, or several in a list",
            )
        names.append(name)
    if not names and command not in _WITHOUT_FILE:
        raise UsageError(f"{command} was given no file", cure="name one at least")
    return names


def require_variables(environ: object) -> None:
    """Raise ``UsageError`` when ``environ`` is neither None nor a mapping of texts to texts."""
    if environ is None or environ is os.environ:
        return
    if not isinstance(environ, Mapping) or not all(
        isinstance(part, str) for variable in environ.items() for part in variable
    ):
        raise UsageError("environ does not map texts to texts", cure='write it as {"TWILIO_ACCOUNT_SID": "AC…"}')


def require_watchers(on_progress: object, stop: object) -> None:
    """Raise ``UsageError`` when ``on_progress`` is not a plain function, or ``stop`` is not an event."""
    if on_progress is not None and (not callable(on_progress) or inspect.iscoroutinefunction(on_progress)):
        raise UsageError("on_progress is not a plain function", cure="give one that takes a Progress")
    if stop is not None and not callable(getattr(stop, "is_set", None)):
        raise UsageError("stop is not an event", cure="give a threading.Event or an asyncio.Event")
