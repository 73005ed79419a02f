"""Where a live region is after its terminal was narrowed."""

import io
import re

from rich.console import Console
from rich.text import Text

from provisioner.cli.live_region import LiveRegion

ERASED_AND_UP = "\x1b[2K\x1b[1A"


def redrawn(widths: tuple[int, int], *lengths: int) -> str:
    """Return what is written to redraw lines of these lengths after a change of the width."""
    stream = io.StringIO()
    console = Console(file=stream, width=widths[0], height=24, force_terminal=True, color_system=None)
    lines = Text("\n".join("x" * length for length in lengths))
    with LiveRegion(console, is_transient=False).opened() as region:
        region.draw(lines)
        console.width = widths[1]
        stream.truncate(0)
        region.draw(Text("new"))
        return stream.getvalue()


def test_lines_that_a_narrower_terminal_has_broken_are_erased() -> None:
    """Lines of 80 and 50 columns are four on a terminal of 45: two more lines above are the region's own."""
    written = redrawn((100, 45), 80, 50, 10)

    assert len(re.findall(re.escape("\x1b[1A"), written)) == 2 + 2
    assert written.lstrip("\x00").startswith(2 * ERASED_AND_UP)


def test_lines_that_fit_are_found_where_they_were() -> None:
    """Nothing above the region is erased when it fits, nor when the terminal becomes wider."""
    for widths in ((100, 80), (80, 100)):
        assert len(re.findall(re.escape("\x1b[1A"), redrawn(widths, 80, 50, 10))) == 2


def test_a_line_above_is_written_where_the_region_begins() -> None:
    """The first thing that is written after a change of width may be a line of the log."""
    stream = io.StringIO()
    console = Console(file=stream, width=100, height=24, force_terminal=True, color_system=None)
    with LiveRegion(console, is_transient=False).opened() as region:
        region.draw(Text("x" * 80))
        console.width = 45
        stream.truncate(0)
        region.print_above("row.rejected row=5")
        written = stream.getvalue().lstrip("\x00")

    assert written.startswith(ERASED_AND_UP)
    assert "row.rejected row=5" in written
