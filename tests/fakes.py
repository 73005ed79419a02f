"""A ``ports.Ledger`` without a disk, held to the contract of the real one."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from provisioner.models import Answer, Claim, Status


@dataclass
class FakeRow:
    """One row and what has become of it; ``answers`` are its attempts that were settled."""

    claim: Claim
    status: Status = Status.PENDING
    before: Status = Status.PENDING
    attempts: int = 0
    answers: list[Answer] = field(default_factory=list)


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
        waiting = [row.claim for row in self.rows.values() if row.status in sends]
        self._waiting = waiting[:limit]

    async def claim(self, limit: int) -> Sequence[Claim]:
        """Hand out the next rows."""
        claims, self._waiting = self._waiting[:limit], self._waiting[limit:]
        await asyncio.sleep(0)
        return claims

    async def begin(self, claim_id: int, identity: str = "") -> None:
        """Note an intent."""
        row = self.rows[claim_id]
        if row.status is not Status.IN_FLIGHT:
            row.before, row.status = row.status, Status.IN_FLIGHT
            row.attempts += 1
        self.history.append(("begin", claim_id))
        await asyncio.sleep(0)

    async def settle(self, claim_id: int, status: Status, answer: Answer) -> None:
        """Note an outcome."""
        row = self.rows[claim_id]
        row.status = status
        row.answers.append(answer)
        self.history.append((f"settle {status.value}", claim_id))
        await asyncio.sleep(0)

    async def release(self, claim_ids: Sequence[int]) -> None:
        """Take intents back."""
        for row in (self.rows[claim_id] for claim_id in claim_ids):
            if row.status is Status.IN_FLIGHT:
                row.status = row.before
                row.attempts -= 1
            self.history.append(("release", row.claim.id))
        await asyncio.sleep(0)
