"""Plain text tables whose columns are as wide as their longest cell."""

from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from rich.console import Console as RichConsole
from rich.table import Table
from rich.text import Text

from provisioner.system.printable import printable, shortened

_WIDE_ENOUGH = 10_000


def render_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table; control characters in cells are escaped, and long cells shortened."""
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for row in rows:
        table.add_row(*(Text(shortened(printable(cell))) for cell in row))
    page = StringIO()
    RichConsole(file=page, width=_WIDE_ENOUGH, color_system=None, emoji=False).print(table)
    return (line.rstrip() for line in page.getvalue().splitlines())
