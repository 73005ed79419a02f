"""File names with ``{date}`` and ``{time}``, and a lock so that one run at a time uses such a name.

Runs of different days have different ledgers, so the lock of a ledger does not prevent that they overlap. A lock
for the name as the user wrote it, with its braces, does.
"""

import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from provisioner.errors import UsageError
from provisioner.ledger import LedgerLocation, hold_lock
from provisioner.options import JobOptions, parse_zone
from provisioner.sources.files.objects import object_address

_O = TypeVar("_O", bound=JobOptions)
_PLACES = ("{date}", "{time}")


class DatedOutputNames(msgspec.Struct, frozen=True):
    """File names of a run that contain ``{date}`` or ``{time}``.

    ``moment`` is the start of the run, which replaces them. ``templates`` are (flag, path) pairs, as the user
    wrote them.
    """

    moment: datetime
    templates: tuple[tuple[str, Path], ...] = ()

    @classmethod
    def read(cls, options: JobOptions, moment: datetime) -> "DatedOutputNames":
        """Return the result of ``of``, with ``moment`` converted to the time zone of ``--tz``."""
        return cls.of(options, moment.astimezone(parse_zone(options.tz)))

    @classmethod
    def of(cls, options: JobOptions, moment: datetime) -> "DatedOutputNames":
        """Return the file names in the options that contain ``{date}`` or ``{time}``.

        Raise ``UsageError`` when the name of a folder or the address of a ledger contains one of them.
        """
        if options.ledger is not None:
            _require_undated(LedgerLocation.parse(options.ledger, results=options.output))
        given = (("-o", options.output), ("--failed", options.failed), ("--ledger", options.ledger))
        templates = tuple((flag, path) for flag, path in given if path is not None and _has_place(str(path)))
        for _, path in templates:
            if _has_place(str(path.parent)):
                raise UsageError(
                    f"{path}: {' and '.join(_PLACES)} may be used in the name of a file, not of a folder",
                    cure="use them after the last slash only",
                )
        return cls(moment, templates)

    def with_dates(self, options: _O) -> _O:
        """Return a copy of the options with date and time inserted into the file names."""
        return replace(
            options,
            output=self._dated_or_none(options.output),
            failed=self._dated_or_none(options.failed),
            ledger=self._dated_or_none(options.ledger),
        )

    def resume_command(self, command: str) -> str:
        """Return ``command`` with date and time of this run inserted, so that it resumes this run on any day."""
        if not self.templates:
            return command
        words = shlex.split(command)
        for flag, template in self.templates:
            given, dated = (object_address(each) or str(each) for each in (template, self._dated(template)))
            is_typed = any(given in word for word in words)
            words = [word.replace(given, dated) for word in words] + ([] if is_typed else [flag, dated])
        return shlex.join(words)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the locks of ``locked`` inside the context; raise ``LedgerBusyError`` when another run has one."""
        with ExitStack() as stack:
            for name in self.locked:
                stack.enter_context(hold_lock(name))
            yield

    @property
    def locked(self) -> tuple[Path, ...]:
        """Paths whose locks ``exclusive`` holds: the first template of a file, or none."""
        return tuple(path for _, path in self.templates if not object_address(path))[:1]

    def _dated_or_none(self, path: Path | None) -> Path | None:
        return None if path is None else self._dated(path)

    def _dated(self, path: Path) -> Path:
        if not _has_place(path.name):
            return path
        name = path.name.replace("{date}", f"{self.moment:%Y-%m-%d}").replace("{time}", f"{self.moment:%H%M%S}")
        return path.with_name(name)


def _require_undated(ledger: LedgerLocation) -> None:
    if ledger.is_address and _has_place(str(ledger)):
        raise UsageError(
            f"{ledger}: {' and '.join(_PLACES)} may not be used in an address",
            cure="use them in -o and omit job=: the job is then named after the results",
        )


def _has_place(text: str) -> bool:
    return any(place in text for place in _PLACES)
