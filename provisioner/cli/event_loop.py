"""The event loop that a command runs on."""

import asyncio
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from provisioner.errors import UsageError

from .hooks import hooks

T = TypeVar("T")


def run_with_loop(loop: str, main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` on the loop of that name; ``auto`` is uvloop where it is installed, and else asyncio.

    What the loop reports is told without its text.
    """
    factory = None if loop == "asyncio" else _find_uvloop()
    if factory is None and loop == "uvloop":
        main.close()
        raise UsageError("--loop uvloop is not installed", cure="pip install 'webchat-provisioner[uvloop]'")
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.get_loop().set_exception_handler(hooks.on_loop)
        return runner.run(main)


def _find_uvloop() -> Callable[[], AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
