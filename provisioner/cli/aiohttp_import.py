"""Import of aiohttp without the certificates of the system.

aiohttp loads them twice as it is imported, for connections over TLS that check them and for those that do not.
A seventh of the time until the first request goes into that, also where all requests are plain HTTP, as in a
rehearsal.
"""

import ssl
import sys
from importlib import import_module
from typing import Any


class _LateTrust(ssl.SSLContext):
    """TLS context that loads the certificates of the system before its first connection."""

    def wrap_bio(self, *args: Any, **named: Any) -> ssl.SSLObject:
        """Load the certificates, and return the TLS side of a connection."""
        _load(self)
        return self.wrap_bio(*args, **named)

    def wrap_socket(self, *args: Any, **named: Any) -> ssl.SSLSocket:
        """Load the certificates, and return a socket with TLS."""
        _load(self)
        return self.wrap_socket(*args, **named)


def import_aiohttp() -> None:
    """Import aiohttp so that a context of its loads certificates when it first needs them.

    Only the command line calls this: a library would change aiohttp for the whole application.
    """
    if "aiohttp" in sys.modules:
        return
    contexts: Any = ssl.SSLContext
    contexts.set_default_verify_paths = _postpone  # in place of the method that it inherits
    try:
        import_module("aiohttp")
    finally:
        del contexts.set_default_verify_paths


def _postpone(context: ssl.SSLContext) -> None:
    """Load the certificates later."""
    context.__class__ = _LateTrust


def _load(context: ssl.SSLContext) -> None:
    """Load the certificates, and make the context an ordinary one."""
    context.__class__ = ssl.SSLContext
    context.set_default_verify_paths()
