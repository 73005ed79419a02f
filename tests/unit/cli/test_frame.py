"""What the live display shows at which width."""

import io
from collections.abc import Sequence

import pytest
from msgspec import structs
from rich.console import Console as RichConsole

from provisioner.cli.frame import frame
from provisioner.models.progress import Progress, WorkerProgress
from tests.progress_samples import HALF

HUGE = Progress(
    total=10_000_000,
    done=9_999_999,
    created=9_999_999,
    messages=9_999_999,
    open=1_000,
    rate_now=123.45,
    rate_asked=123.45,
    elapsed_s=1e6,
    eta_s=1e6,
    state="paused: Twilio cannot be reached, next try in 30 s",
)


def drawn(progress: Progress, width: int, height: int = 24, reasons: Sequence[str] = ()) -> list[str]:
    """Return the lines of a frame on a terminal of this size, without colours."""
    page = RichConsole(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    with page.capture() as captured:
        page.print(frame(progress, width, height, reasons))
    return [line.rstrip() for line in captured.get().splitlines()]


@pytest.mark.parametrize("width", [200, 80])
def test_the_usual_figures_are_three_lines(width: int) -> None:
    """The height does not change, and the bar keeps its place, while a run is paused and goes on."""
    sending, paused = drawn(HALF, width), drawn(structs.replace(HALF, state="paused 3 s (429)"), width)

    assert (len(sending), len(paused)) == (3, 3)
    assert sending[0].index("━") == paused[0].index("━")
    assert max(map(len, sending + paused)) <= 80


@pytest.mark.parametrize("width", [200, 80, 60, 40])
@pytest.mark.parametrize("progress", [HALF, HUGE, Progress(total=0)], ids=["half", "huge", "nothing"])
def test_nothing_is_cut(progress: Progress, width: int) -> None:
    """What does not fit in a line goes on in the next one, down to half of a usual terminal."""
    lines = drawn(progress, width)

    shown = " ".join(" ".join(lines).split())
    for text in (
        progress.state,
        f"{progress.done:,}/{progress.total:,} rows",
        f"in flight {progress.in_flight}",
        f"created {progress.created:,}",
        "left ",
        "elapsed ",
        "invalid 0",
    ):
        assert text in shown
    assert "…" not in shown
    assert max(map(len, lines)) <= min(width, 80)


def test_reasons_are_counted_below_the_figures() -> None:
    """Four lines of them at most, the last of which says how many more there are."""
    lines = drawn(HALF, 80, reasons=[f"rejected {code} ×9, last row 167" for code in range(45_711, 45_718)])

    assert lines[3] == "rejected 45711 ×9, last row 167"
    assert lines[6] == "  and 4 reasons more, which the results list"
    assert len(lines) == 7


@pytest.mark.parametrize("height", [24, 40, 5])
def test_the_lines_of_many_workers_leave_half_of_the_screen_to_messages(height: int) -> None:
    """Those that do not fit are counted, and the command that lists them is named."""
    workers = [WorkerProgress(number=number, host="vm", pid=100 + number) for number in range(1, 41)]

    lines = drawn(structs.replace(HALF, workers=workers), 80, height)

    shown = [line for line in lines if line.startswith("  worker ")]
    assert len(lines) <= max(height // 2, 4)
    assert max(map(len, lines)) <= 80
    assert lines[-1].startswith(f"  and {40 - len(shown)} workers more")
