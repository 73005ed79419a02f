"""Sending of a decided reply through aiohttp, complete or broken off."""

import socket
import struct

from aiohttp import web

from .replies import BrokenReply, CloseMode, Reply


def respond(reply: Reply, headers: dict[str, str]) -> web.Response:
    """Return the aiohttp response of a complete reply; ``headers`` are added to the reply's own."""
    return web.Response(status=reply.status, body=reply.body, headers={**reply.headers, **headers})


def break_off(request: web.BaseRequest, broken_reply: BrokenReply) -> web.Response:
    """Send the bytes of a broken reply and end the connection; the returned response is never sent."""
    transport = request.transport
    if transport is not None:
        if broken_reply.sent:
            transport.write(broken_reply.sent)
        if broken_reply.close_mode is CloseMode.RESET:
            # With SO_LINGER set to 0 seconds, the kernel resets the connection instead of closing it normally.
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        else:
            transport.close()
    return web.Response()
