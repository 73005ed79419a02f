"""Second pass over the input: rebuild the rows that the ledger has handed out for sending."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from msgspec import structs

from provisioner.errors import InputError
from provisioner.models import Claim, Record, Row, WebChatRequest
from provisioner.planning.input import JobInput
from provisioner.planning.passes import RecordCursor
from provisioner.rows import IdentityPolicy, digest

_Found = tuple[int, Record]
_Encode = Callable[[Sequence[WebChatRequest]], Sequence[bytes]]


def _encode_later(requests: Sequence[WebChatRequest]) -> Sequence[bytes]:
    return [b""] * len(requests)


class SourceFeed:
    """Reader of the input that rebuilds claimed rows.

    The ledger keeps no customer data, so each claimed row is read from the input again. Rows far from the claimed
    ones are not parsed where a pass has noted restart points. ``defaults`` are texts by field for rows that do not
    fill it; they are not part of the row's digest. ``encode`` returns requests as they are sent; without it, rows
    have yet to be encoded.
    """

    def __init__(
        self,
        job_input: JobInput,
        identity_policy: IdentityPolicy,
        defaults: Mapping[str, str] | None = None,
        encode: _Encode = _encode_later,
    ) -> None:
        self._input, self._defaults, self._encode = job_input, defaults, encode
        self._identity_policy = identity_policy
        self._cursor = RecordCursor(job_input.passes)

    @property
    def has_unique_names(self) -> bool:
        """Whether rows may ask for a unique name of their conversation."""
        return any("unique_name" in mapper.origins for mapper in self._input.mappers)

    async def rows(self, claims: Sequence[Claim]) -> Sequence[Row]:
        """Return one row for each claim, in the same order.

        Reading is quickest where the row numbers of the claims ascend, within a call and from call to call; going
        back takes another pass, from the start where the input cannot be read from the middle on. Reading happens
        in a thread. Raise ``InputError`` when a record is missing, has a problem, or differs from the planned one
        by its digest.
        """
        return await asyncio.to_thread(self._rebuild_all, claims)

    def _rebuild_all(self, claims: Sequence[Claim]) -> Sequence[Row]:
        found = list(map(self._find, claims))
        requests = self._requests_of_one(claims, found) or map(self._request, claims, found)
        named = list(map(self._named, claims, requests))
        return list(map(_row, claims, named, self._encode(named)))

    def _find(self, claim: Claim) -> _Found:
        """Return the record of a claimed row, and the index of its source."""
        found = self._cursor.find(claim.row)
        if found is None:
            raise self._changed(len(self._input.sources) - 1, None)
        index, record = found
        if record.problem:
            raise self._changed(index, record.line)
        return found

    def _requests_of_one(
        self, claims: Sequence[Claim], found: Sequence[_Found]
    ) -> Sequence[WebChatRequest] | None:
        """Return the requests of rows of one source, built together; None where they have to be built singly."""
        sources = {index for index, _ in found}
        if len(sources) != 1:
            return None
        records = [record for _, record in found]
        return self._input.requests(sources.pop(), records, [claim.digest for claim in claims])

    def _request(self, claim: Claim, found: _Found) -> WebChatRequest:
        index, record = found
        request = self._input.request(index, record)
        if digest(request) != claim.digest:
            raise self._changed(index, record.line)
        return request

    def _named(self, claim: Claim, request: WebChatRequest) -> WebChatRequest:
        """Return the request with its identity and with the defaults of what it lacks."""
        named = self._identity_policy.apply(request, claim.key)
        if self._defaults:
            lacking = {field: text for field, text in self._defaults.items() if not getattr(request, field)}
            named = structs.replace(named, **lacking)
        return named

    def _changed(self, index: int, line: int | None) -> InputError:
        return InputError(
            "the input has changed since it was planned, so nothing more is sent from it",
            source=self._input.sources[index].name,
            line=line,
            cure="run the same command again: it plans anew and sends only what was not created",
        )


def _row(claim: Claim, request: WebChatRequest, encoded: bytes) -> Row:
    return Row(
        claim.id,
        claim.row,
        claim.key,
        request,
        claim.conversation_sid,
        claim.identity,
        claim.is_in_doubt,
        claim.owed,
        claim.history_total,
        claim.history_posted,
        encoded,
    )
