"""Opens ledgers of whatever kind their location says. The one place that chooses between kinds of ledgers."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager

from provisioner.ledger.base import Ledger
from provisioner.ledger.location import LedgerLocation
from provisioner.ledger.reading import LedgerReader
from provisioner.ledger.sqlite.files import is_database
from provisioner.ledger.sqlite.ledger import open_sqlite_ledger
from provisioner.ledger.sqlite.reader import open_sqlite_reader


def open_ledger(
    location: LedgerLocation | None, settings: Mapping[str, str], *, version: str
) -> AbstractAsyncContextManager[Ledger]:
    """Open the ledger of the job that ``settings`` describe, or make it; None is one that is deleted at the end.

    ``version`` is that of the program, for the record.

    Entering raises ``LedgerBusyError`` when a run has it open, ``OtherJobError`` when it belongs to another job,
    and ``LedgerError`` for what is not a ledger, or not one that can be used.
    """
    path = None if location is None else location.file_path()
    return open_sqlite_ledger(path, settings, version=version)


def open_reader(location: LedgerLocation) -> AbstractContextManager[LedgerReader]:
    """Open a ledger for reading, whether or not a run writes it.

    Entering raises ``LedgerError`` when there is none, or when it is not one of ours.
    """
    return open_sqlite_reader(location.file_path())


def is_ledger(location: LedgerLocation) -> bool:
    """Say whether there may be a ledger, without opening it: an address, or a file that begins like one."""
    return location.is_address or is_database(location.file_path())
