"""In-memory ``RowStore``; the contract tests of the real one apply to it, too."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import partial

from msgspec import structs

from provisioner.models import (
    AttemptResult,
    Claim,
    MessageStatus,
    SettingsStatus,
    SharedConversation,
    Status,
    Verdict,
)


def noted(failure: Exception | None = None) -> asyncio.Future[None]:
    """Return a finished future: successful, or failed with ``failure``."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    if failure is None:
        future.set_result(None)
    else:
        future.set_exception(failure)
    return future


@dataclass
class FakeRow:
    """One row with its status; ``answers`` are the results of its finished attempts.

    ``message`` is the status of its first message, which is valid once the row is created; ``posts`` are the
    results of the finished attempts to post it. ``settings`` and ``updates`` are the same of its settings,
    ``chat`` and ``chat_answers`` of its history.
    """

    claim: Claim
    status: Status = Status.PENDING
    before: Status = Status.PENDING
    attempts: int = 0
    answers: list[AttemptResult] = field(default_factory=list)
    message: MessageStatus | None = None
    posts: list[AttemptResult] = field(default_factory=list)
    settings: SettingsStatus | None = None
    updates: list[AttemptResult] = field(default_factory=list)
    chat: MessageStatus | None = None
    chat_answers: list[AttemptResult] = field(default_factory=list)


class FakeMessages:
    """Message part of a ``FakeLedger``; it records its events in the same history."""

    def __init__(self, rows: dict[int, FakeRow], history: list[tuple[str, int]]) -> None:
        self._rows, self._history = rows, history

    async def begin(self, claim_id: int) -> None:
        """Record that an attempt begins."""
        self._rows[claim_id].message = MessageStatus.IN_FLIGHT
        await self._note("begin message", claim_id)

    def settle(self, claim_id: int, status: MessageStatus, result: AttemptResult) -> asyncio.Future[None]:
        """Record the result of an attempt."""
        self._rows[claim_id].message = status
        self._rows[claim_id].posts.append(result)
        self._history.append((f"message {status.value}", claim_id))
        return noted()

    async def release(self, claim_id: int) -> None:
        """Undo ``begin`` for a message that was not sent."""
        if self._rows[claim_id].message is MessageStatus.IN_FLIGHT:
            self._rows[claim_id].message = MessageStatus.PENDING
        await self._note("release message", claim_id)

    async def drop(self, claim_id: int) -> None:
        """Delete the message of a row, unless it is posted or unknown."""
        if self._rows[claim_id].message not in {MessageStatus.UNKNOWN, MessageStatus.POSTED}:
            self._rows[claim_id].message = None
        await self._note("drop message", claim_id)

    async def _note(self, event: str, claim_id: int) -> None:
        self._history.append((event, claim_id))
        await asyncio.sleep(0)


_REFUSED_SETTINGS = {SettingsStatus.REJECTED, SettingsStatus.DUPLICATE}


class FakeSettings:
    """Settings part of a ``FakeLedger``; it records its events in the same history."""

    def __init__(self, rows: dict[int, FakeRow], history: list[tuple[str, int]]) -> None:
        self._rows, self._history = rows, history

    def settle(self, claim_id: int, status: SettingsStatus, result: AttemptResult) -> asyncio.Future[None]:
        """Record the result of an attempt; hold a message that waits, or free it."""
        row = self._rows[claim_id]
        row.settings = status
        row.updates.append(result)
        if status in _REFUSED_SETTINGS and row.message in {MessageStatus.PENDING, MessageStatus.UNSENT}:
            row.message = MessageStatus.HELD
        if status is SettingsStatus.SET and row.message is MessageStatus.HELD:
            row.message = MessageStatus.PENDING
        self._history.append((f"settings {status.value}", claim_id))
        return noted()

    async def drop(self, claim_id: int) -> None:
        """Delete the settings of a row, unless they are set."""
        row = self._rows[claim_id]
        if row.settings not in {None, SettingsStatus.SET}:
            row.settings = None
            row.message = MessageStatus.PENDING if row.message is MessageStatus.HELD else row.message
        self._history.append(("drop settings", claim_id))
        await asyncio.sleep(0)


class FakeHistories:
    """History part of a ``FakeLedger``; it records its events in the same history."""

    def __init__(self, rows: dict[int, FakeRow], history: list[tuple[str, int]]) -> None:
        self._rows, self._history = rows, history

    async def begin(self, claim_id: int, digest: bytes) -> None:
        """Record that an attempt begins."""
        assert len(digest) == 16
        self._rows[claim_id].chat = MessageStatus.IN_FLIGHT
        await self._note("begin history", claim_id)

    def settle(self, claim_id: int, status: MessageStatus, result: AttemptResult) -> asyncio.Future[None]:
        """Record the result of an attempt; the history is posted with its last message."""
        row = self._rows[claim_id]
        row.chat_answers.append(result)
        posted = sum(each.verdict is Verdict.CREATED for each in row.chat_answers)
        is_open = status is MessageStatus.POSTED and posted < row.claim.history_total
        row.chat = MessageStatus.PENDING if is_open else status
        self._history.append((f"history {status.value}", claim_id))
        return noted()

    async def release(self, claim_id: int) -> None:
        """Undo ``begin`` for a message that was not sent."""
        if self._rows[claim_id].chat is MessageStatus.IN_FLIGHT:
            self._rows[claim_id].chat = MessageStatus.PENDING
        await self._note("release history", claim_id)

    async def _note(self, event: str, claim_id: int) -> None:
        self._history.append((event, claim_id))
        await asyncio.sleep(0)


def _pass_on(
    settled: asyncio.Future[None],
    recorded: asyncio.Future[SharedConversation | None],
    shared: SharedConversation | None,
) -> None:
    """Let ``recorded`` end as ``settled`` did, with another result."""
    failure = settled.exception()
    if failure is None:
        recorded.set_result(shared)
    else:
        recorded.set_exception(failure)


class FakeLedger:
    """Keeps rows in memory, numbered from 1, with the given statuses.

    ``history`` holds every begin, settle and release as (event, row) pairs in their order. As with the real
    ledger, a call takes effect even if the calling task is cancelled.
    """

    def __init__(
        self,
        statuses: Sequence[Status],
        *,
        sends: Collection[Status] = (Status.PENDING, Status.UNSENT),
        limit: int | None = None,
    ) -> None:
        self.rows = {
            number: FakeRow(Claim(id=number, row=number, key=f"k-{number}", digest=bytes(16)), status)
            for number, status in enumerate(statuses, start=1)
        }
        self.history: list[tuple[str, int]] = []
        self.shares: dict[int, SharedConversation] = {}
        self.messages = FakeMessages(self.rows, self.history)
        self.settings = FakeSettings(self.rows, self.history)
        self.histories = FakeHistories(self.rows, self.history)
        waiting = [row.claim for row in self.rows.values() if row.status in sends]
        self._waiting = waiting[:limit]

    def give_history(self, total: int, *, posted: int | None = None) -> None:
        """Give all rows a history; with ``posted``, they are created, and so many messages of it are there."""
        for row in self.rows.values():
            row.claim = structs.replace(row.claim, history_total=total, history_posted=posted or 0)
            if posted is not None:
                self.owe(row.claim.row, f"CH{row.claim.row:032x}", owed="history message")
        self._waiting = [self.rows[claim.id].claim for claim in self._waiting]

    def owe(
        self,
        row: int,
        conversation_sid: str,
        message: MessageStatus = MessageStatus.PENDING,
        *,
        owed: str = "message",
    ) -> None:
        """Make a row created, so that it is handed out only for these steps that follow."""
        known = self.rows[row]
        known.status, known.message = Status.CREATED, message
        known.claim = structs.replace(
            known.claim, conversation_sid=conversation_sid, identity=f"guest-{row}", owed=owed
        )
        self._waiting = [known.claim if claim.id == row else claim for claim in self._waiting]

    async def claim(self, limit: int) -> Sequence[Claim]:
        """Return the next rows to send, at most ``limit``."""
        claims, self._waiting = self._waiting[:limit], self._waiting[limit:]
        await asyncio.sleep(0)
        return claims

    async def begin(
        self, claim_id: int, identity: str = "", *, owes_message: bool = False, owes_settings: bool = False
    ) -> None:
        """Record that an attempt begins."""
        row = self.rows[claim_id]
        row.settings = SettingsStatus.PENDING if owes_settings else None
        row.message = MessageStatus.PENDING if owes_message else None
        if row.status is not Status.IN_FLIGHT:
            row.before, row.status = row.status, Status.IN_FLIGHT
            row.attempts += 1
        self.history.append(("begin", claim_id))
        await asyncio.sleep(0)

    def settle(self, claim_id: int, status: Status, result: AttemptResult) -> asyncio.Future[None]:
        """Record the result of an attempt."""
        row = self.rows[claim_id]
        row.status = status
        row.answers.append(result)
        self.history.append((f"settle {status.value}", claim_id))
        return noted()

    def settle_created(
        self, claim_id: int, result: AttemptResult, *, may_share: bool
    ) -> asyncio.Future[SharedConversation | None]:
        """Record that a row was created; ``shares`` says whose conversation belongs to another row."""
        shared = self.shares.get(claim_id)
        if shared is None:
            settled = self.settle(claim_id, Status.CREATED, result)
        else:
            settled = self.settle(claim_id, Status.CREATED if may_share else shared.status, result)
        recorded: asyncio.Future[SharedConversation | None] = asyncio.get_running_loop().create_future()
        settled.add_done_callback(partial(_pass_on, recorded=recorded, shared=shared))
        return recorded

    async def release(self, claim_ids: Sequence[int]) -> None:
        """Undo ``begin`` for rows that were not sent."""
        for row in (self.rows[claim_id] for claim_id in claim_ids):
            if row.status is Status.IN_FLIGHT:
                row.status = row.before
                row.attempts -= 1
            self.history.append(("release", row.claim.id))
        await asyncio.sleep(0)
