"""Usages that parts of the benchmarks keep for the table of targets, so that nothing is measured twice."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from benchmarks.process import Usage

VARIABLE = "USAGES"
"""Environment variable that names the file; without it nothing is kept."""

Usages = Mapping[str, Sequence[Usage]]
"""Usage of every run of what has a name, in the order of the rounds; none of what is not installed."""


def keep(found: Usages) -> None:
    """Add usages to those that are kept, in place of older ones with the same names."""
    path = os.environ.get(VARIABLE)
    if path:
        Path(path).write_bytes(msgspec.json.encode({**kept(), **found}))


def kept() -> Usages:
    """Return what the parts before this one have kept."""
    path = Path(os.environ.get(VARIABLE) or os.devnull)
    text = path.read_bytes()
    return msgspec.json.decode(text, type=dict[str, list[Usage]]) if text else {}
