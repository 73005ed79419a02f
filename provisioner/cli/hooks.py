"""What Python would tell of by itself, with its text: here by type and place, since any text may quote a row.

That is exceptions that nobody caught, on the main thread, on others, in ``__del__`` and on an event loop, and
warnings. They go to the log while one is open, and to stderr before and after.
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
"""Takes a level, the name of an event, an exception or None, and values by name."""


class Hooks:
    """Tells what nobody caught, by ``tell``.

    No hook ever fails, or Python would tell both its failure and what it was called with. What the hooks need is
    bound here, since modules are empty when the last objects are finalized.
    """

    def __init__(self) -> None:
        self.tell: Tell = self.tell_on_stderr
        self._write, self._place_of, self._fixed_part = os.write, place_of, fixed_part

    def install(self) -> None:
        """Set the exception and warning hooks of this process to ours; they are never restored."""
        sys.excepthook = self.on_main_thread
        sys.unraisablehook = self.on_finalizer
        threading.excepthook = self.on_thread
        warnings.showwarning = self.on_warning
        # Once the module of warnings is gone, Python writes their texts itself.
        atexit.register(warnings.simplefilter, "ignore")

    def on_main_thread(
        self, _kind: type[BaseException], error: BaseException, _trace: TracebackType | None
    ) -> None:
        """Tell what ends the program: the last resort, where telling it properly has failed."""
        self._try("error", "command.crashed", error)

    def on_thread(self, args: threading.ExceptHookArgs) -> None:
        """Tell what has ended a thread."""
        if args.exc_type is not SystemExit:
            self._try("error", "thread.crashed", args.exc_value)

    def on_finalizer(self, args: "sys.UnraisableHookArgs") -> None:
        """Tell what was raised where nothing can be raised: by ``__del__``, or as the interpreter shuts down."""
        self._try("warning", "finalizer.failed", args.exc_value)

    def on_loop(self, _loop: object, context: Mapping[str, Any]) -> None:
        """Tell what an event loop reports; its message holds the callback where there is an exception."""
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
        """Tell a warning."""
        self._try("warning", "python.warned", warning=category.__name__, place=f"{filename}:{lineno}")

    def tell_on_stderr(self, level: str, event: str, error: BaseException | None = None, **values: str) -> None:
        """Write one line: what a log says, and where there is none yet or no more."""
        what = (
            ", ".join(values.values()) if error is None else f"{type(error).__name__} at {self._place_of(error)}"
        )
        self._write(2, f"{level}: {event}: {what}\n".encode("utf-8", "backslashreplace"))

    def _try(self, level: str, event: str, error: BaseException | None = None, **values: str) -> None:
        try:
            if "message" in values:
                values["message"] = self._fixed_part(values["message"])
            self.tell(level, event, error, **values)
        except BaseException:  # noqa: BLE001, S110 - see above
            pass


hooks = Hooks()
"""Those of this process."""


@contextmanager
def told_to(tell: Tell) -> Iterator[None]:
    """Send what the hooks hear to ``tell`` while the context lasts."""
    before, hooks.tell = hooks.tell, tell
    try:
        yield
    finally:
        hooks.tell = before
