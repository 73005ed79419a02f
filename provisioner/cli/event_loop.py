"""Choice of the event loop that a command runs on."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from provisioner.errors import UsageError
from provisioner.options.event_loops import parse_loop

from .hooks import hooks

T = TypeVar("T")


def run_with_loop(loop: str, main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` on the event loop named ``loop`` and return its result.

    ``loop`` is ``asyncio``, ``uvloop``, or ``auto``, which is uvloop where it is installed. Errors that the loop
    reports are logged without their texts, which may quote a row. Raise ``UsageError`` when uvloop is asked for
    and not installed.
    """
    try:
        factory = parse_loop(loop)
    except UsageError:
        main.close()
        raise
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.get_loop().set_exception_handler(hooks.on_loop)
        return runner.run(main)
