"""Text of an ``OSError`` for messages, also when it has no text from the operating system."""

import errno
import os


def os_reason(error: OSError) -> str:
    """Return the operating system's text for ``error``, or "no reason given".

    ``OSError.strerror`` is None if a library raised the error with only a text of its own. That text is not used,
    because it may quote data.
    """
    if error.strerror:
        return error.strerror
    return os.strerror(error.errno) if error.errno else "no reason given"


def bind_reason(error: OSError) -> str:
    """Return in lower case why a server cannot listen, such as "address already in use".

    asyncio puts the address before the reason: "error while attempting to bind on address ('127.0.0.1', 80):
    [errno 98] address already in use". From Python 3.13 on it skips an address that this machine does not have; if
    no address is left, it raises an error without a number.
    """
    reason = os_reason(error) if error.errno else os.strerror(errno.EADDRNOTAVAIL)
    return reason.rpartition(": ")[2].rpartition("] ")[2].lower()
