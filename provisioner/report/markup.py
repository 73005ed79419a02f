"""HTML elements made of texts and numbers; every text is escaped."""

from collections.abc import Iterable, Sequence
from html import escape as escape_markup

from provisioner.system.printable import printable

DASH = "-"


def escape(text: str) -> str:
    """Return a text escaped for HTML, with invisible characters as visible escapes."""
    return escape_markup(printable(text))


def number_text(value: float | None, *, decimals: int = 0) -> str:
    """Return a number with thousands separators; a dash for None."""
    return DASH if value is None else f"{value:,.{decimals}f}"


def time_text(seconds: float | None) -> str:
    """Return a time in milliseconds below one second, else in seconds; a dash for None."""
    if seconds is None:
        return DASH
    return f"{seconds * 1000:,.0f} ms" if seconds < 1 else f"{seconds:,.2f} s"


def share_text(share: float | None) -> str:
    """Return a share (0 to 1) as a percentage; a dash for None."""
    return DASH if share is None else f"{share * 100:.2f} %"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str = "") -> str:
    """Return an HTML table; the first cell of each row is its header cell."""
    said = f"<caption>{escape(caption)}</caption>" if caption else ""
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(_row(row) for row in rows)
    return f'<div class="wide"><table>{said}<thead><tr>{names}</tr></thead><tbody>{body}</tbody></table></div>'


def _row(cells: Sequence[str]) -> str:
    first, *rest = cells
    return f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in rest)}</tr>'


def section(title: str, *parts: str) -> str:
    """Return a section of the page with a heading; ``parts`` are HTML."""
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def paragraph(text: str) -> str:
    """Return a text as an HTML paragraph."""
    return f"<p>{escape(text)}</p>"
