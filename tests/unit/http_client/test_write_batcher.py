"""Requests that leave together."""

import asyncio
from functools import partial

from provisioner.http_client.write_batcher import WriteBatcher


class Wire:
    """Notes what is written, in one list for all, or is closed."""

    def __init__(self, written: list[bytes], *, is_closed: bool = False) -> None:
        self._written, self._is_closed = written, is_closed

    def write(self, data: bytes) -> None:
        """Note it."""
        if self._is_closed:
            raise RuntimeError("the transport is closed")
        self._written.append(data)


async def test_requests_leave_in_their_order_when_the_round_is_over() -> None:
    """Nothing is written while others still get ready, and a connection that has gone holds none of them up."""
    written: list[bytes] = []
    wires = [Wire(written), Wire(written, is_closed=True), Wire(written)]
    write_batcher = WriteBatcher()

    for number, wire in enumerate(wires):
        write_batcher.put(partial(wire.write, b"%d" % number))
    before = list(written)
    await asyncio.sleep(0)
    after = list(written)
    write_batcher.put(partial(wires[0].write, b"3"))
    await asyncio.sleep(0)

    assert (before, after, written) == ([], [b"0", b"2"], [b"0", b"2", b"3"])
