"""The Markdown that the measurements print."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a table, its first column to the left and the others to the right."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))


def times(ratio: float) -> str:
    """Write a ratio with as many digits as it bears."""
    return f"{ratio:.1f}" if ratio >= 9.95 else f"{ratio:.2f}"
