"""Host names and addresses: parsing of ``Host`` headers, and the check for loopback."""

import re
from ipaddress import ip_address

_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^\s\[\]:@/]+)(?::\d{1,5})?")


def is_loopback(host: str) -> bool:
    """Return whether ``host``, ``localhost`` or an address without a port, is this machine's loopback.

    Other names are not resolved and count as not loopback.
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(header: str) -> str:
    """Return the host of a ``Host`` header in lower case, without port; empty for an invalid header."""
    found = _HOST.fullmatch(header)
    return found["name"].strip("[]").lower().removesuffix(".") if found else ""
