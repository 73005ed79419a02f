"""Protocols of a ledger for the settings of created conversations; for writes see ``base``."""

import asyncio
from collections.abc import Awaitable
from typing import Protocol

from provisioner.models import AttemptResult, SettingsCounts, SettingsStatus


class SettingsStore(Protocol):
    """Durable status of the settings of created rows. Failed settings do not change the row's status.

    Settings may be set again without harm, so no intent is recorded. Writes of settings, messages and rows share
    one order.
    """

    def settle(self, claim_id: int, status: SettingsStatus, result: AttemptResult) -> asyncio.Future[None]:
        """Record the result of an attempt and the status of the settings after it.

        A first message that waits is held when they are ``REJECTED`` or ``DUPLICATE``, and no longer when they are
        ``SET``.
        """
        ...

    def drop(self, claim_id: int) -> Awaitable[None]:
        """Record that the input asks for no settings any more, unless they are set. A held message waits again."""
        ...


class SettingsLedger(SettingsStore, Protocol):
    """All operations on the settings of a job's conversations."""

    async def counts(self) -> SettingsCounts:
        """Return the number of settings by status, for the created rows of the current input."""
        ...
