"""What messages say of an ``OSError``."""

import asyncio
import errno
import socket

import pytest

from provisioner.system.os_errors import bind_reason, os_reason


def test_the_reason_is_the_systems_and_never_none() -> None:
    """A library's error has a number without a text, or a text of its own, which is not repeated."""
    assert os_reason(FileNotFoundError(errno.ENOENT, "No such file or directory")) == "No such file or directory"
    assert os_reason(OSError(errno.ENOSPC, None)) == "No space left on device"
    assert os_reason(OSError("Not a gzipped file (b'Ad')")) == "no reason given"


async def test_an_address_that_cannot_be_listened_on_is_told_alike_everywhere() -> None:
    """Which Python and whether the address is taken or somebody else's make no difference to the words."""
    reasons = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for host, port in (taken.getsockname(), ("192.0.2.1", 0)):
            with pytest.raises(OSError, match=r"bind on") as caught:
                await asyncio.get_running_loop().create_server(asyncio.Protocol, host, port)
            reasons.append(bind_reason(caught.value))

    assert reasons == ["address already in use", "cannot assign requested address"]
    assert bind_reason(socket.gaierror(-2, "Name or service not known")) == "name or service not known"
