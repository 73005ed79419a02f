"""HTML out of figures: texts are always escaped, numbers always written one way."""

from collections.abc import Iterable, Sequence
from html import escape as escape_markup

from provisioner.system.printable import printable

DASH = "-"


def escape(text: str) -> str:
    """Make a text harmless in a page: it is no markup, and what would not be seen in it is shown as an escape."""
    return escape_markup(printable(text))


def number_text(value: float | None, *, decimals: int = 0) -> str:
    """Write a number with its thousands apart; a dash where there is none."""
    return DASH if value is None else f"{value:,.{decimals}f}"


def time_text(seconds: float | None) -> str:
    """Write a latency: milliseconds below a second."""
    if seconds is None:
        return DASH
    return f"{seconds * 1000:,.0f} ms" if seconds < 1 else f"{seconds:,.2f} s"


def share_text(share: float | None) -> str:
    """Write a share as a percentage."""
    return DASH if share is None else f"{share * 100:.2f} %"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str = "") -> str:
    """Render a table of texts; the first cell of a row names it."""
    said = f"<caption>{escape(caption)}</caption>" if caption else ""
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(_row(row) for row in rows)
    return f'<div class="wide"><table>{said}<thead><tr>{names}</tr></thead><tbody>{body}</tbody></table></div>'


def _row(cells: Sequence[str]) -> str:
    first, *rest = cells
    return f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in rest)}</tr>'


def section(title: str, *parts: str) -> str:
    """Render a part of the page under its heading."""
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def paragraph(text: str) -> str:
    """Render a sentence."""
    return f"<p>{escape(text)}</p>"
