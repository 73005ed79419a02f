"""Small tables in plain text: as wide as they have to be, cut nowhere."""

from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from rich.console import Console as RichConsole
from rich.table import Table
from rich.text import Text

_WIDE_ENOUGH = 10_000


def render_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Render ``rows`` under ``columns`` line by line; texts are taken as they are, never as markup."""
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for row in rows:
        table.add_row(*map(Text, row))
    page = StringIO()
    RichConsole(file=page, width=_WIDE_ENOUGH, color_system=None, emoji=False).print(table)
    return (line.rstrip() for line in page.getvalue().splitlines())
