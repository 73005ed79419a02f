"""Puts what was decided on the wire, in one piece or broken off."""

import socket
import struct

from aiohttp import web

from .replies import Breach, Ending, Reply


def respond(reply: Reply, headers: dict[str, str]) -> web.Response:
    """Send a whole reply with further headers."""
    return web.Response(status=reply.status, body=reply.body, headers={**reply.headers, **headers})


def break_off(request: web.BaseRequest, breach: Breach) -> web.Response:
    """Send a breach's bytes and end the connection. The response returned never leaves."""
    transport = request.transport
    if transport is not None:
        if breach.sent:
            transport.write(breach.sent)
        if breach.ending is Ending.RESET:
            # Without lingering, the kernel resets the connection in place of closing it in an orderly way.
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        else:
            transport.close()
    return web.Response()
