"""aiohttp's connector, made to open connections of ours."""

import asyncio
from functools import partial
from typing import Any, cast

import aiohttp

from .connection import HttpConnection

READ_BYTES = 1 << 16
"""Bytes read at once on asyncio's own event loops."""


class BufferedConnection(HttpConnection, asyncio.BufferedProtocol):
    """The same for asyncio's own event loops, which read into a buffer that all connections of a loop share.

    For a plain protocol they allocate 256 KiB for each read, and give all of it back but the few bytes that came.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, buffer: memoryview) -> None:
        super().__init__(loop)
        self._buffered = buffer

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the signature of asyncio
        """Return the buffer; what was read before has been taken."""
        return self._buffered

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read."""
        self.data_received(bytes(self._buffered[:nbytes]))


class Connector(aiohttp.TCPConnector):
    """aiohttp connector whose connections are ``HttpConnection``; the number of connections is not limited."""

    def __init__(self) -> None:
        super().__init__(limit=0)
        loop = asyncio.get_running_loop()
        is_buffered = isinstance(loop, asyncio.BaseEventLoop)
        buffered = partial(BufferedConnection, loop, memoryview(bytearray(READ_BYTES)))
        make = buffered if is_buffered else partial(HttpConnection, loop)
        self._factory = cast("Any", make)

    async def open(self, key: aiohttp.ClientRequest, limits: aiohttp.ClientTimeout) -> HttpConnection:
        """Open a connection to where ``key`` goes; raise aiohttp's exceptions or ``TimeoutError``."""
        owner = await self.connect(key, [], limits)
        connection = owner.protocol
        if not isinstance(connection, HttpConnection):
            raise TypeError("aiohttp made a connection of another kind")
        connection.belong_to(owner)
        return connection
