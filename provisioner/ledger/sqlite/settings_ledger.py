"""Part of the SQLite ledger that records the settings of created conversations."""

import asyncio
from functools import partial

from provisioner.ledger.row_codec import request_details
from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.counts import read_settings_counts
from provisioner.ledger.sqlite.current_run import CurrentRun
from provisioner.ledger.sqlite.row_scope import ALL_ROWS, SqliteRowScope
from provisioner.ledger.sqlite.writer import Writer
from provisioner.models import AttemptResult, SettingsCounts, SettingsStatus

_SETTINGS = queries.load_queries("settings")
_ADD_ATTEMPT, _SETTLE = _SETTINGS["add_attempt"], _SETTINGS["settle"]


class SqliteSettingsLedger:
    """``SettingsLedger`` in a SQLite file. Every awaitable completes when its write is on disk.

    Attempts are recorded for the current run. No text of the settings is ever stored.
    """

    def __init__(self, writer: Writer, current_run: CurrentRun, scope: SqliteRowScope = ALL_ROWS) -> None:
        self._writer, self._current_run, self._scope = writer, current_run, scope

    def settle(self, claim_id: int, status: SettingsStatus, result: AttemptResult) -> asyncio.Future[None]:
        """Record the result of an attempt and the status of the settings; see ``SettingsStore.settle``."""
        attempt = (claim_id, self._current_run.id, result.verdict.value, *request_details(result))
        return self._writer.write((_ADD_ATTEMPT, attempt), (_SETTLE, (claim_id, status.value)))

    def drop(self, claim_id: int) -> asyncio.Future[None]:
        """Record that the input asks for no settings any more, unless they are set. A held message waits again."""
        return self._writer.write((_SETTINGS["drop"], (claim_id,)))

    async def counts(self) -> SettingsCounts:
        """Return the number of settings by status, for the created rows of the current input."""
        return await self._writer.call(partial(read_settings_counts, scope=self._scope))
