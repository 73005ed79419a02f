"""Rebuild claimed rows from their source, in a second pass over the input."""

import asyncio
from collections.abc import Sequence

from provisioner.errors import InputError
from provisioner.models import Claim, Record, Row
from provisioner.planning.input import JobInput
from provisioner.rows import IdentityPolicy, digest


class SourceFeed:
    """Rebuilds claimed rows from their source, in one pass from the first to the last."""

    def __init__(self, job_input: JobInput, identity_policy: IdentityPolicy) -> None:
        self._input = job_input
        self._identity_policy = identity_policy
        self._records = job_input.records()

    async def rows(self, claims: Sequence[Claim]) -> Sequence[Row]:
        """Return a row for each claim; ``InputError`` when a record is not what was planned."""
        return await asyncio.to_thread(lambda: [self._rebuild(claim) for claim in claims])

    def _rebuild(self, claim: Claim) -> Row:
        index, record = self._seek(claim.row)
        if record.problem:
            raise self._changed(index, record.line)
        request = self._input.request(index, record)
        if digest(request) != claim.digest:
            raise self._changed(index, record.line)
        named = self._identity_policy.apply(request, claim.key)
        return Row(
            claim.id, claim.row, claim.key, named, claim.conversation_sid, claim.identity, claim.is_in_doubt
        )

    def _seek(self, row: int) -> tuple[int, Record]:
        for _, (number, index, record) in self._records:
            if number == row:
                return index, record
        raise self._changed(len(self._input.sources) - 1, None)

    def _changed(self, index: int, line: int | None) -> InputError:
        return InputError(
            "the input has changed since it was planned, so nothing more is sent from it",
            source=self._input.sources[index].name,
            line=line,
            cure="run the same command again: it plans anew and sends only what was not created",
        )
