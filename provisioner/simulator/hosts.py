"""Which host is meant, and whether it is this machine."""

import re
from ipaddress import ip_address

_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^\s\[\]:@/]+)(?::\d{1,5})?")


def is_loopback(host: str) -> bool:
    """Say whether ``host``, a name or an address without a port, is this machine under a name of its own."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(header: str) -> str:
    """Return the host that a ``Host`` header names, in lower case; empty where it names none."""
    found = _HOST.fullmatch(header)
    return found["name"].strip("[]").lower().removesuffix(".") if found else ""
