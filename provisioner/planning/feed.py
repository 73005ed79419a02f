"""Second pass over the input: rebuild the rows that the ledger has handed out for sending."""

import asyncio
from collections.abc import Mapping, Sequence

from msgspec import structs

from provisioner.errors import InputError
from provisioner.models import Claim, Record, Row
from provisioner.planning.input import JobInput
from provisioner.rows import IdentityPolicy, digest


class SourceFeed:
    """Reader of the input that rebuilds claimed rows; for a row before the last one it begins anew.

    The ledger keeps no customer data, so each claimed row is read from the input again. ``defaults`` are texts by
    field for rows that do not fill it; they are not part of the row's digest.
    """

    def __init__(
        self, job_input: JobInput, identity_policy: IdentityPolicy, defaults: Mapping[str, str] | None = None
    ) -> None:
        self._input, self._defaults = job_input, defaults
        self._identity_policy = identity_policy
        self._records = job_input.records()
        self._last_row = 0

    @property
    def has_unique_names(self) -> bool:
        """Whether rows may ask for a unique name of their conversation."""
        return any("unique_name" in mapper.origins for mapper in self._input.mappers)

    async def rows(self, claims: Sequence[Claim]) -> Sequence[Row]:
        """Return one row for each claim, in the same order.

        The row numbers of the claims ascend, except where a worker takes what another one gave up; then the input
        is read from its beginning. Reading happens in a thread. Raise ``InputError`` when a record is missing, has
        a problem, or differs from the planned one by its digest.
        """
        return await asyncio.to_thread(lambda: [self._rebuild(claim) for claim in claims])

    def _rebuild(self, claim: Claim) -> Row:
        index, record = self._seek(claim.row)
        if record.problem:
            raise self._changed(index, record.line)
        request = self._input.request(index, record)
        if digest(request) != claim.digest:
            raise self._changed(index, record.line)
        named = self._identity_policy.apply(request, claim.key)
        if self._defaults:
            lacking = {field: text for field, text in self._defaults.items() if not getattr(request, field)}
            named = structs.replace(named, **lacking)
        return Row(
            claim.id,
            claim.row,
            claim.key,
            named,
            claim.conversation_sid,
            claim.identity,
            claim.is_in_doubt,
            claim.owed,
            claim.history_total,
            claim.history_posted,
        )

    def _seek(self, row: int) -> tuple[int, Record]:
        if row <= self._last_row:
            self._records = self._input.records()
        self._last_row = row
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
