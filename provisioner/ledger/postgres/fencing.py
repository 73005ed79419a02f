"""Fencing of workers whose lease has run out, or whose process on this machine has ended."""

from collections.abc import Sequence

import asyncpg

from provisioner.ledger.sql_files import read_statements
from provisioner.system.processes import is_gone, machine_id

_SHARED = read_statements(__package__, "shared")


async def fence(connection: asyncpg.Connection, *, fences_expired: bool) -> Sequence[int]:
    """Fence the workers of this machine whose process is gone; return the numbers of all that were fenced.

    With ``fences_expired``, those whose lease has run out, too, wherever they are.
    """
    gone = await _gone(connection)
    if not gone and not fences_expired:
        return ()
    return [number for (number,) in await connection.fetch(_SHARED["fence"], gone, fences_expired)]


async def _gone(connection: asyncpg.Connection) -> list[int]:
    """Return the numbers of the live workers of this machine whose process has ended."""
    machine = machine_id()
    if not machine:
        return []
    neighbours = await connection.fetch(_SHARED["neighbours"], machine)
    return [number for number, pid, start in neighbours if is_gone(pid, start)]
