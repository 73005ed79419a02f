"""Everything that talks to servers runs over TLS 1.3, as Twilio's does, and 1.2, on both event loops."""

from collections.abc import Mapping

from tests.wires import LoopFactory, authority, both_loops, lay_wire, wire

__all__ = ["authority", "lay_wire", "wire"]


def pytest_asyncio_loop_factories() -> Mapping[str, LoopFactory]:
    """Run every test on both loops."""
    return both_loops()
