"""Event loop factory for the values of ``--loop``."""

from asyncio import AbstractEventLoop
from collections.abc import Callable

from provisioner.errors import UsageError

_INSTALL = (
    "install it beside this program (pipx inject webchat-provisioner uvloop, or pip install uvloop), or omit it"
)


def parse_loop(text: str) -> Callable[[], AbstractEventLoop] | None:
    """Return the factory of the event loop named ``text``; None means asyncio's own loop.

    ``auto`` is uvloop where it is installed, else asyncio. Raise ``UsageError`` for ``uvloop`` where it is not
    installed.
    """
    factory = None if text == "asyncio" else _find_uvloop()
    if factory is None and text == "uvloop":
        raise UsageError("--loop uvloop is not installed", cure=_INSTALL)
    return factory


def _find_uvloop() -> Callable[[], AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - an optional dependency
    except ImportError:
        return None
    return uvloop.new_event_loop
