"""Contracts hold on both event loops."""

from collections.abc import Mapping

from tests.wires import LoopFactory, authority, both_loops, lay_wire

__all__ = ["authority", "lay_wire"]


def pytest_asyncio_loop_factories() -> Mapping[str, LoopFactory]:
    """Run every test on both loops."""
    return both_loops()
