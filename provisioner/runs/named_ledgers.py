"""Finds the ledgers that a command names one by one, by a pattern, or by their folder."""

import fnmatch
import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from provisioner.errors import UsageError
from provisioner.ledger import LedgerLocation, find_all_jobs

_PLACES = {"{date}": "[0-9]" * 4 + "-[0-9][0-9]-[0-9][0-9]", "{time}": "[0-9]" * 6}
"""Patterns for the places that the names of a schedule's files have."""
_SUFFIX = ".ledger"
_CLOSING = ".close.ledger"


class NamedLedgers(msgspec.Struct, frozen=True):
    """Ledgers, or results files beside them; ``is_schedule`` says that a folder or a pattern named some."""

    paths: tuple[Path, ...]
    is_schedule: bool


def find_named_ledgers(names: Sequence[Path]) -> NamedLedgers:
    """Return the ledgers at ``names``, each once, those of a folder or a pattern in the order of their names.

    A pattern has ``*``, ``?`` or ``[…]``, or ``{date}`` or ``{time}`` as in the name of a schedule's results. A
    name that exists is not a pattern. In the address of a database, the name of the job may be one. Raise
    ``UsageError`` when a folder or a pattern has no ledger, and ``LedgerError`` when a database cannot be asked.
    """
    found: dict[Path, None] = {}
    is_schedule = False
    for name in names:
        if not _names_many(name):
            found[name] = None
            continue
        is_schedule = True
        ledgers = sorted(_ledgers_at(name))
        if not ledgers:
            raise UsageError(
                f"{LedgerLocation(name)}: no ledger is there",
                cure="name the folder of a schedule's ledgers, or a pattern such as 'load-*.csv.ledger'",
            )
        found.update(dict.fromkeys(ledgers))
    return NamedLedgers(tuple(found), is_schedule)


def _names_many(name: Path) -> bool:
    location = LedgerLocation(name)
    if location.is_address or location.is_embedded:
        return _pattern_of(location.job) is not None
    return _is_folder(name) or (not os.path.exists(name) and _pattern_of(str(name)) is not None)  # noqa: PTH110 - the same


def _is_folder(name: Path) -> bool:
    return os.path.isdir(name)  # noqa: PTH112 - is_dir() raises for a path without access, or one that is too long


def _pattern_of(text: str) -> str | None:
    """Return a pattern for ``glob``, None for a name that is none."""
    for place, pattern in _PLACES.items():
        text = text.replace(place, pattern)
    return text if glob.has_magic(text) else None


def _ledgers_at(name: Path) -> Iterator[Path]:
    location = LedgerLocation(name)
    if location.is_address:
        jobs = fnmatch.filter(find_all_jobs(location), _pattern_of(location.job) or location.job)
        yield from map(location.path_of_job, jobs)
        return
    if _is_folder(name):
        try:
            matches = [str(name / each) for each in os.listdir(name)]  # noqa: PTH208 - names are all that is needed
        except OSError as error:
            raise UsageError(
                f"{name} cannot be read: {error.strerror}", cure="name a folder that you may read"
            ) from error
    else:
        pattern = _pattern_of(str(name)) or str(name)
        # The name of the results stands for the ledger beside them, also where they are gone.
        matches = glob.glob(pattern) + glob.glob(f"{pattern}{_SUFFIX}")  # noqa: PTH207 - may begin with a slash
    for match in matches:
        ledger = Path(match if match.endswith(_SUFFIX) else f"{match}{_SUFFIX}")
        if not ledger.name.endswith(_CLOSING) and os.path.exists(ledger):  # noqa: PTH110 - the same
            yield ledger
