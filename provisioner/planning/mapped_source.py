"""One source of a job with its mapper, and the errors about the two together."""

from collections.abc import Callable
from typing import Self

import msgspec

from provisioner.errors import UsageError
from provisioner.mapping import Mapping, RecordMapper, did_you_mean, names_with_null, preset_hint, suggest_command
from provisioner.models.output_columns import Values, foreign_status_getter
from provisioner.sources import ObjectSource, Source
from provisioner.system.printable import quoted, shortened


class MappedSource(msgspec.Struct, frozen=True):
    """Source with the mapper of its records.

    ``foreign_status`` gets the ``_status`` of a record that belongs to another job; None where no record has one.
    """

    source: Source
    mapper: RecordMapper
    foreign_status: Callable[[Values], str] | None

    @classmethod
    def bind(cls, source: Source, mapping: Mapping) -> Self:
        """Return the source with its mapper; raise ``UsageError`` when it lacks a column of the mapping."""
        columns, is_dynamic = source.columns, source.has_dynamic_columns
        return cls(
            source,
            mapping.bind(columns, has_dynamic_columns=is_dynamic, source=source.name),
            foreign_status_getter(columns, has_dynamic_columns=is_dynamic),
        )

    @property
    def is_blank(self) -> bool:
        """Whether no row gets a name, data or a message; false where no record can be read to tell by."""
        return bool(self.source.columns) and not self.mapper.telling

    def require_columns(self) -> None:
        """Raise ``UsageError`` for columns that the user named and no record has; call it after a pass.

        A name whose value is ``null`` is there. Where no record can be read, nothing is missed.
        """
        missing = self._missing_columns()
        if not missing:
            return
        columns, note = self.source.columns, self.source.detection.note
        listed = ", ".join(map(shortened, columns))
        raise UsageError(
            f"{self.source.name}: no record has {', '.join(map(quoted, missing))}",
            cure=f"{did_you_mean(missing, columns)}the names are: {listed}{f'; {note}' if note else ''}",
        )

    def nameless(self, reason: str) -> UsageError:
        """Return the error for a source whose rows would become chats without a name, data or a message."""
        suggest = f"{suggest_command(self.source.name)} writes a mapping file for --map"
        hint = preset_hint(self.source.columns) or f"say with --set which columns do; {suggest}"
        return UsageError(
            f"{self.source.name}: {reason}, so that every chat would be nameless",
            cure=f"{hint}; run and load send the rows as they are with --allow-blank",
        )

    def _missing_columns(self) -> tuple[str, ...]:
        missing = self.mapper.missing_columns()
        source = self.source
        if not missing or not isinstance(source, ObjectSource):
            return missing
        unseen, is_any = set(missing), False
        for record in source.records():
            if not record.problem:
                unseen -= names_with_null(unseen, source.members(record))
                is_any = True
            if not unseen:
                break
        return tuple(name for name in missing if name in unseen) if is_any else ()
