"""Processing of one row: its creation, then its follow-ups in their order.

The order inside one attempt is fixed: intent (durable), pace, send, settle (durable). So after a crash, exactly
the rows in flight are *unknown*. The next row may start before the outcome of this row is on disk, because the
ledger writes in order.
"""

from collections.abc import Sequence
from operator import attrgetter

from msgspec import structs

from provisioner.models import Row, Status

from .follow_ups import FollowUp
from .step_runner import RowOutcome, StepRunner


class RowProcessor:
    """Processor of rows, shared by all workers.

    ``follow_ups`` are done with a created row in this order; one begins when those before it are done.
    """

    def __init__(self, create: StepRunner, follow_ups: Sequence[FollowUp]) -> None:
        self._create, self._follow_ups = create, follow_ups
        self._fields = attrgetter(*(f"request.{field}" for each in follow_ups for field in each.fields))
        self._is_plain = all(each.fields for each in follow_ups)

    async def process(self, row: Row) -> RowOutcome | None:
        """Create the row's conversation and do what follows; return the last outcome.

        Of a row that is already created, only the follow-ups that it owes are done. Return None when the run
        stopped before an attempt was made, or when there was nothing to do.
        """
        if row.conversation_sid:
            return await self._follow_up(row, await self._owed(row), None)
        outcome = await self._create.run(row)
        if outcome is None or outcome.status is not Status.CREATED:
            return outcome
        asks = not self._is_plain or any(self._fields(row))  # most rows do not, which one look at them shows
        asked = [each for each in self._follow_ups if each.is_asked(row)] if asks else []
        if not asked or not await outcome.has_conversation():
            return outcome
        created = outcome.result
        row = structs.replace(row, conversation_sid=created.conversation_sid, identity=created.identity)
        return await self._follow_up(row, asked, outcome)

    async def _owed(self, row: Row) -> Sequence[FollowUp]:
        """Return the follow-ups that a created row owes; drop those that its input does not ask for any more."""
        words = row.owed.split()
        owed = [each for each in self._follow_ups if each.step in words]
        for each in owed:
            if not each.is_asked(row):
                await each.drop(row)
        return [each for each in owed if each.is_asked(row)]

    async def _follow_up(
        self, row: Row, owed: Sequence[FollowUp], outcome: RowOutcome | None
    ) -> RowOutcome | None:
        """Do the follow-ups until one is not done; return the last outcome, or ``outcome`` if there is none."""
        for follow_up in owed:
            came = await follow_up.process(row)
            if came is None:
                return outcome
            outcome = came
            if outcome.status is not Status.CREATED:
                return outcome
        return outcome
