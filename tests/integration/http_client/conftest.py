"""Settings of tests with servers: each runs over TLS 1.3, which Twilio uses, and 1.2, on both event loops."""

from collections.abc import Mapping

from tests.wires import LoopFactory, authority, both_loops, lay_wire, wire

__all__ = ["authority", "lay_wire", "wire"]


def pytest_asyncio_loop_factories() -> Mapping[str, LoopFactory]:
    """Run every test on both event loops."""
    return both_loops()
