"""A ``face.UserInterface`` that shows nothing and keeps what it was told."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from provisioner.models.forecast import Forecast
from provisioner.models.progress import Progress


@dataclass
class QuietUserInterface:
    """``answer`` is what every question gets, None where nobody can be asked. ``on_planning`` hears the rows."""

    answer: bool | None = None
    on_planning: Callable[[int], None] = lambda _rows: None
    questions: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    plans: list[Forecast] = field(default_factory=list)
    last: Progress | None = None

    def print(self, text: str = "") -> None:
        """Keep a line of the answer."""
        self.said.append(text)

    def print_status(self, line: str) -> None:
        """Keep a note."""
        self.notes.append(line)

    def confirm(self, question: str, *, unasked: bool) -> bool:
        """Keep the question and answer it."""
        self.questions.append(question)
        return unasked if self.answer is None else self.answer

    @contextmanager
    def planning(self) -> Iterator[Callable[[int], None]]:
        """Hand out ``on_planning``."""
        yield self.on_planning

    def show_plan(self, plan: Forecast) -> None:
        """Keep the plan."""
        self.plans.append(plan)

    @asynccontextmanager
    async def progress(self, source: Callable[[], Progress]) -> AsyncIterator[None]:
        """Keep the last look."""
        try:
            yield
        finally:
            self.last = source()
