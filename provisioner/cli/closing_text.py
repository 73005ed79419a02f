"""Text of ``close``: the line that accounts for every conversation."""

from collections.abc import Mapping
from typing import Any

_ENDS = ("closed", "deleted", "gone", "refused", "in_doubt", "not_sent")


def closing_line(details: Mapping[str, Any]) -> str:
    """Return ``conversations 10 = closed 8 + …``, where each conversation of the job is counted once.

    ``details`` are the details of the ``Summary`` of ``close``.
    """
    ends = {name: details[name] for name in _ENDS if details[name]}
    waiting = details["to_close"] - sum(ends.values())
    parts = [f"{name.replace('_', ' ')} {number:,}" for name, number in ends.items()]
    parts += [f"done before {details['done_before']:,}"] if details["done_before"] else []
    parts += [f"waiting {waiting:,}"] if waiting else []
    return f"conversations {details['to_close'] + details['done_before']:,} = {' + '.join(parts) or '0'}"
