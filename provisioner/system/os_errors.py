"""What an ``OSError`` says, for messages: also where it carries no text of the operating system's."""

import errno
import os


def os_reason(error: OSError) -> str:
    """Return the operating system's reason; ``OSError.strerror`` is None where a library gave only a text.

    That text is not repeated: it may quote what was read.
    """
    if error.strerror:
        return error.strerror
    return os.strerror(error.errno) if error.errno else "no reason given"


def bind_reason(error: OSError) -> str:
    """Return why a server cannot listen, in running text.

    asyncio puts the address that it tried before the reason: "error while attempting to bind on address
    ('127.0.0.1', 80): [errno 98] address already in use". From Python 3.13 on it skips an address that is not this
    machine's, and when none is left it raises an error without a number.
    """
    reason = os_reason(error) if error.errno else os.strerror(errno.EADDRNOTAVAIL)
    return reason.rpartition(": ")[2].rpartition("] ")[2].lower()
