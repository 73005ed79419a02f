"""The lines of the live display."""

from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from provisioner.models.progress import Progress
from provisioner.models.text import pluralize

from .progress_text import OUTCOME_COLOURS, done_text, is_held_up, outcomes_of, pace_texts, worker_texts

WIDTH, HEIGHT = 80, 24
_STATE_WIDTH = len("paused 3 s (429)")
_SHORTEST_BAR = 8
_MOST_REASONS = 4
_INDENT = "    "


def frame(progress: Progress, width: int, height: int = HEIGHT, reasons: Sequence[str] = ()) -> RenderableType:
    """Return the progress of a run as lines of at most ``width`` and at most 80 columns.

    There are three lines where they fit; what does not fit goes on in the next line and is never cut. ``reasons``
    and workers that are to be shown have a line each, as far as all lines fill no more than half of ``height``:
    messages stay visible above them.
    """
    width = min(width, WIDTH)
    pace = [Text(text) for text in pace_texts(progress)]
    lines = [*_flowing(pace, width), *_flowing([*_outcomes(progress)], width)]
    told = _first(
        reasons, min(_MOST_REASONS, max(height // 2 - 3, 1)), "  and {} more, which the results list", "reason"
    )
    workers = _first(
        worker_texts(progress.workers),
        max(height // 2 - 3 - len(told), 0),
        "  and {} more, which provisioner status lists",
        "worker",
    )
    shown = [*(Text(line, style="yellow") for line in told), *(Text(line, style="dim") for line in workers)]
    return Group(*_head(progress, width), *lines, *map(_one_line, shown))


def _head(progress: Progress, width: int) -> Iterator[RenderableType]:
    """Yield the state, the bar and the rows that are done: one line, or two where the state is too long for that.

    The bar keeps its place while the state changes between its usual words.
    """
    state, done = Text(progress.state, style="bold"), done_text(progress)
    state_width = max(len(state), _STATE_WIDTH) if width == WIDTH else len(state)
    room = width - state_width - len(done) - 4
    has_bar = not progress.is_of_one_worker
    if room < (_SHORTEST_BAR if has_bar else 0):
        yield state
        state, state_width, room = Text(), 0, width - len(done) - 2
    cells: list[RenderableType] = []
    if has_bar and room >= _SHORTEST_BAR:
        total = max(progress.total, 1)
        colour = "yellow" if is_held_up(progress) else "green"
        cells = [
            ProgressBar(total, progress.share * total, width=room, complete_style=colour, finished_style=colour)
        ]
    head = Table.grid(padding=(0, 2, 0, 0))
    if state:
        state.pad_right(state_width - len(state))
        cells = [state, *cells]
    head.add_row(*cells, Text(done))
    yield head


def _flowing(parts: Sequence[Text], width: int) -> Iterator[Text]:
    """Yield the parts as lines, with two spaces between them; a part is broken only if it is wider than a line."""
    line = Text()
    for part in parts:
        if line and len(line) + 2 + len(part) > width:
            yield line
            line = Text()
        line = Text.assemble(line, "  ", part) if line else part
    yield line


def _first(lines: Sequence[str], most: int, rest: str, noun: str) -> Sequence[str]:
    """Return at most ``most`` lines; ``rest`` is the last of them, with the number of those that have none."""
    if len(lines) <= most:
        return lines
    shown = lines[: max(most - 1, 0)]
    return [*shown, rest.format(pluralize(noun, len(lines) - len(shown)))]


def _outcomes(progress: Progress) -> Iterator[Text]:
    for name, number in outcomes_of(progress).items():
        yield Text(f"{name} {number:,}", style=OUTCOME_COLOURS.get(name, "") if number else "")


def _one_line(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def broken_lines(text: Text, console: Console) -> Iterator[Text]:
    """Yield a line of the log, broken between words so that it fits the console; the further lines are indented.

    A line with a word that is wider than the console is not broken.
    """
    room = console.width - len(_INDENT)
    if len(text) <= console.width or max(map(len, text.plain.split()), default=0) > room:
        yield text
        return
    first = text.wrap(console, console.width)[0]
    yield first
    rest = text[len(first.plain.rstrip()) + 1 :]
    for line in rest.wrap(console, room):
        yield Text.assemble(_INDENT, line)
