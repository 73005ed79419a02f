"""Settings of contract tests: each runs on asyncio's event loop and on uvloop."""

from collections.abc import Mapping

from tests.wires import LoopFactory, authority, both_loops, lay_wire

__all__ = ["authority", "lay_wire"]


def pytest_asyncio_loop_factories() -> Mapping[str, LoopFactory]:
    """Run every test on both event loops."""
    return both_loops()
