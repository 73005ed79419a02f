"""Where a command shows itself while it goes; the command line is one such face."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Protocol

from provisioner.models.forecast import Forecast
from provisioner.models.progress import Progress


class UserInterface(Protocol):
    """Where a run shows itself while it goes."""

    def print(self, text: str = "") -> None:
        """Print a line of the command's answer."""
        ...

    def print_status(self, line: str) -> None:
        """Tell something on the way."""
        ...

    def confirm(self, question: str, *, unasked: bool) -> bool:
        """Ask yes or no; ``unasked`` is the answer where nobody can be asked."""
        ...

    def planning(self) -> AbstractContextManager[Callable[[int], None]]:
        """Give a function to be told the number of rows planned so far."""
        ...

    def show_plan(self, plan: Forecast) -> None:
        """Tell what the run will do, before it does it."""
        ...

    def progress(self, source: Callable[[], Progress]) -> AbstractAsyncContextManager[None]:
        """Show how the run comes on while the context lasts."""
        ...
