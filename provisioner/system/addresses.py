"""Addresses of inputs and databases: recognition, and the form without secrets in which they are shown."""

import re
from ipaddress import ip_address
from pathlib import Path

from .patterns import late_pattern

MASK = "***"
"""Text in place of a secret."""

_ADDRESS = late_pattern(r"([a-z][a-z0-9+.-]+)(?:::[a-z0-9+.:-]+)?://", re.IGNORECASE)
_WEB = late_pattern(
    r"(?P<scheme>[^:]+://)(?P<user>[^/?#]*@)?(?P<host>(?:\[[^\]@/?#]*\]|[^@:/?#\[\]]+)(?::\d*)?)(?P<path>[/?#].*)?",
    re.DOTALL,
)
_DATABASE = late_pattern(r"\s*postgres(?:ql)?:/", re.IGNORECASE)
"""Start of the address of a database; ``pathlib`` turns two slashes into one."""
_JOB = late_pattern(r"[?&]job=([\w.-]+)")
_DATABASE_PASSWORD = late_pattern(r"^([^/]*:/+[^:/?#]*):.*@", re.DOTALL)
"""From the colon after the user name to the last ``@``: a password may hold any character, also ``@``."""
_HOSTLESS_PASSWORD = late_pattern(r"^([^/]*:/+[^:/?#@\[]*):(?!\d+(?:[/?#]|$))[^/?#@]*(?=[/?#]|$)")
"""The same for an address without ``@``: the text after the colon is not a port number."""
_SECRET_PARAMETER = late_pattern(
    r"([?&;#][^=&;#]*(?:pass|pwd|secret|token|key|sig|cred|auth|%)[^=&;#]*=)[^&;]*", re.IGNORECASE
)
_SECRET_WORD = late_pattern(r"((?:^|\s)(?:password|passwd|pwd)\s*=).*", re.IGNORECASE | re.DOTALL)
"""From the first secret of a connection string to the end of the text: a value may be quoted and hold spaces."""
_LINK = late_pattern(r"(?P<scheme>https?://)(?:[^\s/'\"]*@)?(?P<host>[^\s/?#'\"@]+)[/?#][^\s'\"]*", re.IGNORECASE)
_QUERY = late_pattern(r"([?#]).+", re.DOTALL)
_PASSWORD = late_pattern(r"(?<=://)([^:/?#]*):.*@", re.DOTALL)
_PARAMETERS = late_pattern(r"([?#])(?=[\w.%-]+=).*", re.DOTALL)
"""The query of an address whose ``?`` may also be a wildcard: it starts with ``NAME=``."""


def scheme_of(name: str) -> str:
    """Return the scheme of an address in lower case; empty when ``name`` is not an address."""
    found = _ADDRESS.match(name)
    return found[1].lower() if found else ""


def has_parameters(address: str) -> bool:
    """Return whether the address of an object, in which ``?`` may be a wildcard, has a query."""
    return _PARAMETERS.search(address) is not None


def masked_address(name: str) -> str:
    """Return ``name``; if it is an address, with ``***`` in place of each part that may hold a secret.

    These are the user and the whole query of a web address, since both may be tokens under any name, and the
    password and the query of another one. So a renewed signature does not change the masked address. Of the
    address of a database, see ``masked_database``.
    """
    if _DATABASE.match(name):
        return masked_database(name)
    scheme = scheme_of(name)
    if scheme not in {"http", "https"}:
        return _PARAMETERS.sub(rf"\1{MASK}", _PASSWORD.sub(rf"\1:{MASK}@", name)) if scheme else name
    if not (found := _WEB.fullmatch(name)):
        return f"{scheme}://{MASK}"
    path = _QUERY.sub(rf"\1{MASK}", found["path"] or "")
    return f"{found['scheme']}{f'{MASK}@' if found['user'] else ''}{found['host']}{path}"


def masked_database(text: str) -> str:
    """Return the address or connection string of a database with ``***`` in place of each password in it."""
    text = _SECRET_WORD.sub(rf"\1{MASK}", _SECRET_PARAMETER.sub(rf"\1{MASK}", text))
    return _HOSTLESS_PASSWORD.sub(rf"\1:{MASK}", _DATABASE_PASSWORD.sub(rf"\1:{MASK}@", text))


def masked_links(text: str) -> str:
    """Return a text with ``***`` in place of all that follows the host in each web address in it."""
    return _LINK.sub(rf"\g<scheme>\g<host>/{MASK}", text)


def named_as_file(ledger: Path) -> Path:
    """Return the path of a ledger; of one in a database, a path that is named after its job."""
    if not _DATABASE.match(str(ledger)):
        return ledger
    found = _JOB.search(str(ledger))
    return Path(f"{found[1] if found else 'report'}.ledger")


def is_masked(name: str) -> bool:
    """Return whether ``name`` is an address that has ``***`` in place of a secret; see ``masked_address``."""
    return bool(scheme_of(name)) and MASK in name and masked_address(name) == name


def is_loopback_host(host: str) -> bool:
    """Return whether ``host``, ``localhost`` or an address without a port, is this machine's loopback.

    Other names are not resolved and count as not loopback.
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
