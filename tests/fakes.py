"""A ``RowStore`` without a disk, held to the contract of the real one."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from msgspec import structs

from provisioner.models import AttemptResult, Claim, MessageStatus, Status


def noted(failure: Exception | None = None) -> asyncio.Future[None]:
    """Return what is done already, well or with a failure."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    if failure is None:
        future.set_result(None)
    else:
        future.set_exception(failure)
    return future


@dataclass
class FakeRow:
    """One row and what has become of it; ``answers`` are its attempts that were settled.

    ``message`` counts once it is created, ``posts`` are the attempts at it that were settled.
    """

    claim: Claim
    status: Status = Status.PENDING
    before: Status = Status.PENDING
    attempts: int = 0
    answers: list[AttemptResult] = field(default_factory=list)
    message: MessageStatus | None = None
    posts: list[AttemptResult] = field(default_factory=list)


class FakeMessages:
    """Keeps the messages of the rows of a ``FakeLedger``, and notes everything in the same history."""

    def __init__(self, rows: dict[int, FakeRow], history: list[tuple[str, int]]) -> None:
        self._rows, self._history = rows, history

    async def begin(self, claim_id: int) -> None:
        """Note an intent."""
        self._rows[claim_id].message = MessageStatus.IN_FLIGHT
        await self._note("begin message", claim_id)

    def settle(self, claim_id: int, status: MessageStatus, result: AttemptResult) -> asyncio.Future[None]:
        """Note an outcome."""
        self._rows[claim_id].message = status
        self._rows[claim_id].posts.append(result)
        self._history.append((f"message {status.value}", claim_id))
        return noted()

    async def release(self, claim_id: int) -> None:
        """Take an intent back."""
        if self._rows[claim_id].message is MessageStatus.IN_FLIGHT:
            self._rows[claim_id].message = MessageStatus.PENDING
        await self._note("release message", claim_id)

    async def drop(self, claim_id: int) -> None:
        """Forget a message that certainly is not there."""
        if self._rows[claim_id].message not in {MessageStatus.UNKNOWN, MessageStatus.POSTED}:
            self._rows[claim_id].message = None
        await self._note("drop message", claim_id)

    async def _note(self, event: str, claim_id: int) -> None:
        self._history.append((event, claim_id))
        await asyncio.sleep(0)


class FakeLedger:
    """Keeps rows in memory, numbered from 1, each with the status given.

    ``history`` has every begin, settle and release in the order they took effect. As with the real one, what
    was asked for happens even when the task that asked is cancelled.
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
        self.messages = FakeMessages(self.rows, self.history)
        waiting = [row.claim for row in self.rows.values() if row.status in sends]
        self._waiting = waiting[:limit]

    def owe(self, row: int, conversation_sid: str, message: MessageStatus = MessageStatus.PENDING) -> None:
        """Let a row be created already, and handed out for its message."""
        known = self.rows[row]
        known.status, known.message = Status.CREATED, message
        known.claim = structs.replace(known.claim, conversation_sid=conversation_sid, identity=f"guest-{row}")
        self._waiting = [known.claim if claim.id == row else claim for claim in self._waiting]

    async def claim(self, limit: int) -> Sequence[Claim]:
        """Hand out the next rows."""
        claims, self._waiting = self._waiting[:limit], self._waiting[limit:]
        await asyncio.sleep(0)
        return claims

    async def begin(self, claim_id: int, identity: str = "", *, owes_message: bool = False) -> None:
        """Note an intent."""
        row = self.rows[claim_id]
        row.message = MessageStatus.PENDING if owes_message else None
        if row.status is not Status.IN_FLIGHT:
            row.before, row.status = row.status, Status.IN_FLIGHT
            row.attempts += 1
        self.history.append(("begin", claim_id))
        await asyncio.sleep(0)

    def settle(self, claim_id: int, status: Status, result: AttemptResult) -> asyncio.Future[None]:
        """Note an outcome."""
        row = self.rows[claim_id]
        row.status = status
        row.answers.append(result)
        self.history.append((f"settle {status.value}", claim_id))
        return noted()

    async def release(self, claim_ids: Sequence[int]) -> None:
        """Take intents back."""
        for row in (self.rows[claim_id] for claim_id in claim_ids):
            if row.status is Status.IN_FLIGHT:
                row.status = row.before
                row.attempts -= 1
            self.history.append(("release", row.claim.id))
        await asyncio.sleep(0)
