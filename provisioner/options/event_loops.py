"""The event loop that ``--loop`` names."""

from asyncio import AbstractEventLoop
from collections.abc import Callable

from provisioner.errors import UsageError


def parse_loop(text: str) -> Callable[[], AbstractEventLoop] | None:
    """Return what makes the loop of that name, None for asyncio's own.

    ``auto`` is uvloop where it is installed. Raise ``UsageError`` for ``uvloop`` where it is not.
    """
    factory = None if text == "asyncio" else _find_uvloop()
    if factory is None and text == "uvloop":
        raise UsageError("--loop uvloop is not installed", cure="pip install 'webchat-provisioner[uvloop]'")
    return factory


def _find_uvloop() -> Callable[[], AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    return uvloop.new_event_loop
