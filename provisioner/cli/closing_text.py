"""Text of ``close``: the lines that account for every conversation and guest."""

from collections.abc import Iterator, Mapping
from typing import Any

_ENDS = ("closed", "deleted", "gone", "kept", "refused", "in_doubt", "not_sent")


def closing_lines(details: Mapping[str, Any]) -> Iterator[str]:
    """Yield ``conversations 10 = closed 8 + …``, where each conversation is counted once, and the same for guests.

    ``details`` are the details of the ``Summary`` of ``close``.
    """
    yield _line("conversations", details, details["to_close"], details["done_before"])
    if guests := details.get("guests"):
        yield _line("guests", guests, guests["to_delete"], 0)


def _line(noun: str, counts: Mapping[str, int], total: int, done_before: int) -> str:
    ends = {name: counts[name] for name in _ENDS if counts.get(name)}
    waiting = total - sum(ends.values())
    parts = [f"{name.replace('_', ' ')} {number:,}" for name, number in ends.items()]
    parts += [f"done before {done_before:,}"] if done_before else []
    parts += [f"waiting {waiting:,}"] if waiting else []
    return f"{noun} {total + done_before:,} = {' + '.join(parts) or '0'}"
