"""Names of output files with date and time in them, and a lock so that one run uses a name at a time.

Runs of different days have different ledgers, so the lock of a ledger does not keep them apart. The lock on the
name as it was given, with its braces, does.
"""

import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from provisioner.errors import UsageError
from provisioner.ledger import LedgerLocation, hold_lock
from provisioner.options import JobOptions
from provisioner.pacing import parse_zone

_O = TypeVar("_O", bound=JobOptions)
_PLACES = ("{date}", "{time}")


@dataclass(frozen=True, slots=True)
class OutputNames:
    """The date of a run in the names of its files; ``templates`` are those names as given, by their flags."""

    moment: datetime
    templates: tuple[tuple[str, Path], ...] = ()

    @classmethod
    def read(cls, options: JobOptions, moment: datetime) -> "OutputNames":
        """Find the names as ``of`` does, with the date in the time zone that the options name."""
        return cls.of(options, moment.astimezone(parse_zone(options.tz)))

    @classmethod
    def of(cls, options: JobOptions, moment: datetime) -> "OutputNames":
        """Find the names that the date goes into; raise ``UsageError`` where it would have to name a folder."""
        if options.ledger is not None:
            LedgerLocation.parse(options.ledger)  # an address is refused before anything is made of it
        given = (("-o", options.output), ("--failed", options.failed), ("--ledger", options.ledger))
        templates = tuple((flag, path) for flag, path in given if path is not None and _has_place(str(path)))
        for _, path in templates:
            if _has_place(str(path.parent)):
                raise UsageError(
                    f"{path}: {' and '.join(_PLACES)} stand for a part of a file's name, and not of a folder's",
                    cure="put them behind the last slash",
                )
        return cls(moment, templates)

    def with_dates(self, options: _O) -> _O:
        """Return the options with the date in their names."""
        return replace(
            options,
            output=self._dated(options.output),
            failed=self._dated(options.failed),
            ledger=self._dated(options.ledger),
        )

    def resume_command(self, command: str) -> str:
        """Return the command that resumes this run, on whatever day it is typed."""
        if not self.templates:
            return command
        words = shlex.split(command)
        for flag, template in self.templates:
            given, dated = str(template), str(self._dated(template))
            is_typed = any(given in word for word in words)
            words = [word.replace(given, dated) for word in words] + ([] if is_typed else [flag, dated])
        return shlex.join(words)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the lock of the template name; ``LedgerBusyError`` where one is still at work."""
        with ExitStack() as stack:
            for name in self.locked:
                stack.enter_context(hold_lock(name))
            yield

    @property
    def locked(self) -> tuple[Path, ...]:
        """The names whose locks are held by ``exclusive``."""
        return tuple(path for _, path in self.templates[:1])

    def _dated(self, path: Path | None) -> Path | None:
        if path is None or not _has_place(path.name):
            return path
        name = path.name.replace("{date}", f"{self.moment:%Y-%m-%d}").replace("{time}", f"{self.moment:%H%M%S}")
        return path.with_name(name)


def _has_place(text: str) -> bool:
    return any(place in text for place in _PLACES)
