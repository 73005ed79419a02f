"""Puts what was decided on the wire, in one piece or broken off."""

import socket
import struct

from aiohttp import web

from .replies import BrokenReply, CloseMode, Reply


def respond(reply: Reply, headers: dict[str, str]) -> web.Response:
    """Send a whole reply with further headers."""
    return web.Response(status=reply.status, body=reply.body, headers={**reply.headers, **headers})


def break_off(request: web.BaseRequest, broken_reply: BrokenReply) -> web.Response:
    """Send a breach's bytes and end the connection. The response returned never leaves."""
    transport = request.transport
    if transport is not None:
        if broken_reply.sent:
            transport.write(broken_reply.sent)
        if broken_reply.close_mode is CloseMode.RESET:
            # Without lingering, the kernel resets the connection in place of closing it in an orderly way.
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        else:
            transport.close()
    return web.Response()
