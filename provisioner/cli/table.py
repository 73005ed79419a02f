"""Small tables in plain text: as wide as they have to be."""

from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from rich.console import Console as RichConsole
from rich.table import Table
from rich.text import Text

from provisioner.system.printable import printable, shortened

_WIDE_ENOUGH = 10_000


def render_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Render ``rows`` under ``columns`` line by line; texts are made printable, and are never markup."""
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for row in rows:
        table.add_row(*(Text(shortened(printable(cell))) for cell in row))
    page = StringIO()
    RichConsole(file=page, width=_WIDE_ENOUGH, color_system=None, emoji=False).print(table)
    return (line.rstrip() for line in page.getvalue().splitlines())
