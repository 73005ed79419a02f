"""Plan entries of records: of many at once where all of them are plainly valid, else of one after the other."""

from collections.abc import Sequence
from itertools import chain
from operator import attrgetter

from provisioner.models import PlainRecords, PlanEntry, Problem, Record
from provisioner.models.output_columns import Values
from provisioner.models.plan_entries import ValidEntries
from provisioner.planning.findings import PlanFindings
from provisioner.planning.mapped_source import MappedSource
from provisioner.planning.own_outputs import belongs_elsewhere
from provisioner.rows import build_request, digest, digest_plain_rows, is_nearly_full

_NO_DIGEST = bytes(16)
_PARTS = 16
"""Number of parts of a batch that is not plainly valid; one of so few records is not divided."""
_lines_of, _values_of = attrgetter("line"), attrgetter("values")


class EntryBuilder:
    """Builder of the plan entries of one pass; it adds what it finds in the rows to ``findings``.

    ``friendly_name`` and ``marker`` are those of ``build_request``.
    """

    def __init__(
        self, bound: Sequence[MappedSource], findings: PlanFindings, *, friendly_name: bool, marker: str
    ) -> None:
        self._bound, self._findings = bound, findings
        self._friendly_name, self._marker = friendly_name, marker

    def entries(self, first: int, index: int, records: Sequence[Record]) -> Sequence[PlanEntry]:
        """Return the entry of each record; ``first`` is the first row number, ``index`` that of their source.

        Records that are plainly valid do not share the cost of one that is not: they are divided into parts.
        """
        found = self._plain_entries(first, index, records)
        if found is not None:
            return found
        if len(records) <= _PARTS:
            return [self._entry(number, index, record) for number, record in enumerate(records, first)]
        size = -(-len(records) // _PARTS)
        starts = range(0, len(records), size)
        parts = (self.entries(first + start, index, records[start : start + size]) for start in starts)
        return list(chain.from_iterable(parts))

    def _plain_entries(self, first: int, index: int, records: Sequence[Record]) -> Sequence[PlanEntry] | None:
        """Return the entries when all records are plainly valid; None where they have to be looked at singly."""
        bound = self._bound[index]
        values: Sequence[Values]
        if isinstance(records, PlainRecords):
            lines, values = records.lines, records.values
        elif any(record.problem for record in records):
            return None
        else:
            lines, values = list(map(_lines_of, records)), list(map(_values_of, records))
        if bound.foreign_status is not None and any(map(bound.foreign_status, values)):
            return None
        mapped = bound.mapper.map_columns(values)
        if mapped is None:
            return None
        digests = digest_plain_rows(mapped, friendly_name=self._friendly_name, marker=self._marker)
        if digests is None:
            return None
        self._findings.take_columns(first, lines, index, mapped)
        accounts = mapped.texts_of("account_sid") if "account_sid" in mapped.columns else ()
        return ValidEntries(first, index, lines, keys=mapped.keys, digests=digests, accounts=accounts)

    def _entry(self, number: int, index: int, record: Record) -> PlanEntry:
        if record.problem:
            return PlanEntry(number, record.line, index, "", _NO_DIGEST, (Problem("", "", record.problem),))
        bound = self._bound[index]
        mapped = bound.mapper(record.values)
        request, problems = build_request(mapped, friendly_name=self._friendly_name, marker=self._marker)
        if bound.foreign_status is not None and (status := bound.foreign_status(record.values)):
            problems = (belongs_elsewhere(status), *problems)
        key = mapped.key
        if not problems:
            self._findings.nearly_full += is_nearly_full(request)
            self._findings.take(number, record.line, index, mapped)
        elif any(problem.field == "key" for problem in problems):
            key = ""
        return PlanEntry(number, record.line, index, key, digest(request), problems, request.account_sid)
