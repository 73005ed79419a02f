"""Markdown tables and ratios for the output of the benchmarks."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; the first column is left-aligned, the others are right-aligned."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))


def times(ratio: float) -> str:
    """Return a ratio with one decimal from 9.95 on, and with two decimals below."""
    return f"{ratio:.1f}" if ratio >= 9.95 else f"{ratio:.2f}"
