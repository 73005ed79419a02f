"""Part of the PostgreSQL ledger that records the settings of created conversations."""

import asyncio
from functools import partial

from provisioner.ledger.postgres.commit import Change, ChangeKind, settled
from provisioner.ledger.postgres.current_run import PostgresRun
from provisioner.ledger.postgres.queries import count_settings
from provisioner.ledger.postgres.row_scope import ALL_ROWS, PostgresRowScope
from provisioner.ledger.postgres.writer import CommitQueue
from provisioner.models import AttemptResult, SettingsCounts, SettingsStatus, Step


class PostgresSettingsLedger:
    """``SettingsLedger`` in a PostgreSQL schema. Every awaitable completes when its write is durable.

    Attempts are recorded for the current run. No text of the settings is ever stored.
    """

    def __init__(self, writer: CommitQueue, current_run: PostgresRun, scope: PostgresRowScope = ALL_ROWS) -> None:
        self._writer, self._current_run, self._scope = writer, current_run, scope

    def settle(self, claim_id: int, status: SettingsStatus, result: AttemptResult) -> "asyncio.Future[None]":
        """Record the result of an attempt and the status of the settings; see ``SettingsStore.settle``."""
        values = settled(claim_id, Step.SETTINGS, status.value, result)
        return self._writer.write(Change(ChangeKind.SETTLE, values, self._current_run.id))

    def drop(self, claim_id: int) -> "asyncio.Future[None]":
        """Record that the input asks for no settings any more, unless they are set. A held message waits again."""
        change = Change(ChangeKind.OTHER, (claim_id, "settings_drop", None), self._current_run.id)
        return self._writer.write(change)

    async def counts(self) -> SettingsCounts:
        """Return the number of settings by status, for the created rows of the current input."""
        return await self._writer.call(partial(count_settings, scope=self._scope))
