"""Everything that talks to servers runs over TLS 1.3, as Twilio's does, and 1.2, on both event loops."""

from collections.abc import Mapping

import pytest

from tests.wires import TLS12_BY_PROXY, TLS13, LayWire, LoopFactory, Wire, authority, both_loops, lay_wire

__all__ = ["authority", "lay_wire"]


def pytest_asyncio_loop_factories() -> Mapping[str, LoopFactory]:
    """Run every test on both loops."""
    return both_loops()


@pytest.fixture(autouse=True, params=[TLS13, TLS12_BY_PROXY], ids=str)
def wire(request: pytest.FixtureRequest, lay_wire: LayWire) -> Wire:
    """Lay the wire of this run of a test."""
    chosen: Wire = request.param
    lay_wire(chosen)
    return chosen
