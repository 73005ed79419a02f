"""A user interface that shows nothing and keeps everything that it gets."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from provisioner.models.forecast import Forecast
from provisioner.models.progress import Progress


@dataclass
class QuietUserInterface:
    """User interface for tests.

    ``answer`` is the answer to every question, None if there is no terminal. ``on_planning`` is called with the
    numbers of planned rows.
    """

    answer: bool | None = None
    on_planning: Callable[[int], None] = lambda _rows: None
    questions: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    plans: list[Forecast] = field(default_factory=list)
    last: Progress | None = None
    is_answer_private: bool = False

    def print(self, text: str = "") -> None:
        """Keep a line of output."""
        self.said.append(text)

    def print_status(self, line: str) -> None:
        """Keep a status line."""
        self.notes.append(line)

    def print_address(self, line: str) -> None:
        """Keep it with the status lines."""
        self.notes.append(line)

    def confirm(self, question: str) -> bool | None:
        """Keep the question and return ``answer``, None without a terminal."""
        self.questions.append(question)
        return self.answer

    @contextmanager
    def planning(self) -> Iterator[Callable[[int], None]]:
        """Yield ``on_planning``."""
        yield self.on_planning

    def show_plan(self, plan: Forecast) -> None:
        """Keep the plan."""
        self.plans.append(plan)

    @asynccontextmanager
    async def progress(self, source: Callable[[], Progress]) -> AsyncIterator[None]:
        """Keep the progress at the end."""
        try:
            yield
        finally:
            self.last = source()
