"""A run whose workers an engine keeps."""

import asyncio
from collections.abc import Callable

from provisioner.ports.engine import WorkerPlacement
from tests.fake_worker import FakeLedger


class KeptRun:
    """A run whose workers an engine keeps; ``told`` are the lines for the user."""

    def __init__(self, ledger: FakeLedger, *, count: int = 2, secrets: dict[str, str] | None = None) -> None:
        self._ledger, self._is_ended, self.told = ledger, False, list[str]()
        self.placement = WorkerPlacement(
            count=count,
            address=str(ledger.folder),
            is_over=self._is_over,
            tell=self.told.append,
            arguments=("--give-up", "1m"),
            secrets=secrets or {},
        )

    async def _is_over(self) -> bool:
        return self._is_ended

    def end(self, code: int = 0) -> None:
        """End the run, of which the workers hear as well."""
        self._is_ended = True
        self._ledger.end(code)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, a minute at most."""
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - it is another process that changes it
            await asyncio.sleep(0.02)
