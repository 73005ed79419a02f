"""Event loop factory for the values of ``--loop``."""

from asyncio import AbstractEventLoop
from collections.abc import Callable

from provisioner.errors import UsageError


def parse_loop(text: str) -> Callable[[], AbstractEventLoop] | None:
    """Return the factory of the event loop named ``text``; None means asyncio's own loop.

    ``auto`` is uvloop where it is installed, else asyncio. Raise ``UsageError`` for ``uvloop`` where it is not
    installed.
    """
    factory = None if text == "asyncio" else _find_uvloop()
    if factory is None and text == "uvloop":
        raise UsageError("--loop uvloop is not installed", cure="pip install 'webchat-provisioner[uvloop]'")
    return factory


def _find_uvloop() -> Callable[[], AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - an optional dependency
    except ImportError:
        return None
    return uvloop.new_event_loop
