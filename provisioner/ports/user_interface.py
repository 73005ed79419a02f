"""Protocol for the output of a command while it runs, and for its questions to the user."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Protocol

from provisioner.models.forecast import Forecast
from provisioner.models.progress import Progress


class UserInterface(Protocol):
    """Output and questions of a command; the command line implements it."""

    @property
    def is_answer_private(self) -> bool:
        """Whether the answer is read by the user alone, on a terminal, and kept nowhere."""
        ...

    def print(self, text: str = "") -> None:
        """Print a line of the command's result."""
        ...

    def print_status(self, line: str) -> None:
        """Print a line about the progress of the command."""
        ...

    def print_address(self, line: str) -> None:
        """Print a line with the address at which something is served, also where progress is not shown."""
        ...

    def confirm(self, question: str) -> bool | None:
        """Ask the user a yes/no question; return None when there is no terminal to ask on."""
        ...

    def planning(self) -> AbstractContextManager[Callable[[int], None]]:
        """Show the progress of the plan pass inside the context.

        The context yields a function that is called with the number of rows read so far.
        """
        ...

    def show_plan(self, plan: Forecast) -> None:
        """Show what the run will do, before it sends anything."""
        ...

    def progress(self, source: Callable[[], Progress]) -> AbstractAsyncContextManager[None]:
        """Show the progress of the run inside the context; ``source`` returns the current figures."""
        ...
