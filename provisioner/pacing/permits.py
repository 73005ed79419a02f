"""Wait for a right to send that has lapsed."""

import asyncio
from collections.abc import Callable

from provisioner.ports.sending import SendPermit

LOOK_S = 0.1
"""Seconds between two looks at whether the wait has become pointless."""


async def held_or(is_over: Callable[[], bool], permit: SendPermit) -> None:
    """Return when ``permit`` is held, or, a moment late, when ``is_over``. Raise what ``permit`` raises."""
    held = asyncio.ensure_future(permit.held())
    try:
        while not (held.done() or is_over()):
            await asyncio.wait({held}, timeout=LOOK_S)
        if held.done():
            held.result()
    finally:
        held.cancel()
