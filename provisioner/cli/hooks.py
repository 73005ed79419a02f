"""Exception and warning hooks that log type and place without the text, since any text may quote a row.

They cover uncaught exceptions on the main thread, on other threads, in ``__del__`` and on an event loop, and
warnings. The reports go to the log while one is open, and to stderr before and after.
"""

import atexit
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from provisioner.system.tracebacks import fixed_part, place_of

Tell = Callable[..., None]
"""Function that takes a level, the name of an event, an exception or None, and values by name."""


Render = Callable[[str, str, Mapping[str, str]], str]
"""Function that takes a level, the name of an event and values by name, and returns a line."""


def text_line(level: str, event: str, values: Mapping[str, str]) -> str:
    """Return ``level: event: values``, for people."""
    separator = " at " if "error_place" in values else ", "
    return f"{level}: {event}: {separator.join(values.values())}"


class Hooks:
    """Handlers of uncaught exceptions and warnings; each reports through ``tell``.

    No hook ever raises, or Python would print both that error and the hook's arguments. Functions that the hooks
    call are bound as attributes, because modules are already emptied when the last objects are finalized.
    """

    def __init__(self) -> None:
        self.tell: Tell = self.tell_on_stderr
        self.render: Render = text_line
        """Function that makes the line of an event on stderr; with ``--log-format json`` it makes JSON."""
        self._write, self._place_of, self._fixed_part = os.write, place_of, fixed_part

    def install(self) -> None:
        """Set the exception and warning hooks of this process to this object's; they are never restored."""
        sys.excepthook = self.on_main_thread
        sys.unraisablehook = self.on_finalizer
        threading.excepthook = self.on_thread
        warnings.showwarning = self.on_warning
        # After the warnings module is unloaded, Python would print the texts of warnings itself.
        atexit.register(warnings.simplefilter, "ignore")

    def on_main_thread(
        self, _kind: type[BaseException], error: BaseException, _trace: TracebackType | None
    ) -> None:
        """Report an exception that ends the program because the normal error path has failed too."""
        self._try("error", "command.crashed", error)

    def on_thread(self, args: threading.ExceptHookArgs) -> None:
        """Report an exception that has ended a thread."""
        if args.exc_type is not SystemExit:
            self._try("error", "thread.crashed", args.exc_value)

    def on_finalizer(self, args: "sys.UnraisableHookArgs") -> None:
        """Report an exception of ``__del__`` or of the interpreter's shutdown, which cannot be raised."""
        self._try("warning", "finalizer.failed", args.exc_value)

    def on_loop(self, _loop: object, context: Mapping[str, Any]) -> None:
        """Report an error or a warning of an event loop.

        With an exception the loop's message is omitted, because it shows the callback with its arguments.
        """
        error = context.get("exception")
        if error is not None:
            self._try("error", "callback.failed", error)
        else:
            self._try("warning", "library.warned", library="asyncio", message=context.get("message", ""))

    def on_warning(  # noqa: PLR0917 - the signature of warnings.showwarning
        self,
        message: Warning | str,  # noqa: ARG002 - the same
        category: type[Warning],
        filename: str,
        lineno: int,
        file: object = None,  # noqa: ARG002 - the same
        line: str | None = None,  # noqa: ARG002 - the same
    ) -> None:
        """Report a warning by its category and its place."""
        self._try("warning", "python.warned", warning=category.__name__, place=f"{filename}:{lineno}")

    def tell_on_stderr(self, level: str, event: str, error: BaseException | None = None, **values: str) -> None:
        """Write one line to stderr; used before the log is opened and after it is closed."""
        if error is not None:
            values = {"error_type": type(error).__name__, "error_place": self._place_of(error)}
        self._write(2, f"{self.render(level, event, values)}\n".encode("utf-8", "backslashreplace"))

    def _try(self, level: str, event: str, error: BaseException | None = None, **values: str) -> None:
        try:
            if "message" in values:
                values["message"] = self._fixed_part(values["message"])
            self.tell(level, event, error, **values)
        except BaseException:  # noqa: BLE001, S110 - see above
            pass


hooks = Hooks()
"""The hooks of this process."""


@contextmanager
def told_to(tell: Tell) -> Iterator[None]:
    """Send the reports of the hooks to ``tell`` while the context lasts."""
    before, hooks.tell = hooks.tell, tell
    try:
        yield
    finally:
        hooks.tell = before
