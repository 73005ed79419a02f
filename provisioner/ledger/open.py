"""Functions that open a ledger by its location. Only this module chooses between kinds of ledgers."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.embedded.folders import find_server_folders
from provisioner.errors import UsageError
from provisioner.ledger.base import Ledger
from provisioner.ledger.location import LedgerLocation
from provisioner.ledger.postgres.address import require_driver
from provisioner.ledger.reading import LedgerReader
from provisioner.ledger.rebuilding import RebuildPlan, RebuildReport
from provisioner.ledger.shared_rate import SharedRates
from provisioner.ledger.sqlite.discovery import find_ledgers
from provisioner.ledger.sqlite.files import is_database
from provisioner.ledger.sqlite.ledger import open_sqlite_ledger
from provisioner.ledger.sqlite.reader import open_sqlite_reader
from provisioner.models import Fingerprint, Result

if TYPE_CHECKING:  # a run on one machine does not load it
    from provisioner.ledger.worker_ledger import WorkerLedger

_GIVE_UP_S = 600.0
"""Seconds for which the server of a database may be away."""


def open_ledger(
    location: LedgerLocation | None,
    settings: Mapping[str, str],
    *,
    version: str,
    replaces_unsent: bool = False,
    give_up_s: float | None = None,
) -> AbstractAsyncContextManager[Ledger]:
    """Open the ledger of a job, or create it. A location of None means a temporary ledger, deleted on exit.

    ``settings`` identify the job: dict of strings, stored in the manifest of a new ledger. ``version`` is the
    version of this program, recorded with each run. With ``replaces_unsent``, the ledger of a job with other
    settings is taken when nothing of that job was ever sent (``LedgerReader.is_unsent``). ``give_up_s`` is the
    longest time in seconds for which the server of a database may be away, None for ten minutes.

    Entering the context raises ``LedgerBusyError`` when another run holds the ledger, ``OtherJobError`` when the
    ledger's settings differ, and ``LedgerError`` when the file is not a ledger or is damaged.
    """
    if location is not None and location.is_postgres:
        require_driver(str(location))
        from provisioner.ledger.postgres.open import open_postgres_ledger  # noqa: PLC0415 - loads asyncpg

        return open_postgres_ledger(
            location,
            settings,
            version=version,
            replaces_unsent=replaces_unsent,
            give_up_s=_GIVE_UP_S if give_up_s is None else give_up_s,
        )
    path = None if location is None else location.file_path()
    return open_sqlite_ledger(path, settings, version=version, replaces_unsent=replaces_unsent)


def open_worker_ledger(
    location: LedgerLocation, *, version: str, give_up_s: float | None = None
) -> "AbstractAsyncContextManager[WorkerLedger]":
    """Join the current run of a job as one of its workers. Rows that it leaves in flight at the end are unknown.

    Entering the context raises ``UsageError`` for a file, ``LedgerBusyError`` when no run has begun or another one
    is being planned, and ``LedgerError`` when the ledger cannot be used. A run that has ended can be joined:
    ``next_task`` returns its end.
    """
    if not location.is_postgres:
        raise UsageError(
            f"{location}: workers cannot share a ledger in a file",
            cure="name a database, such as postgresql://USER@HOST/DATABASE?job=NAME",
        )
    require_driver(str(location))
    from provisioner.ledger.postgres.open_worker import open_postgres_worker_ledger  # noqa: PLC0415 - loads asyncpg

    return open_postgres_worker_ledger(
        location, version=version, give_up_s=_GIVE_UP_S if give_up_s is None else give_up_s
    )


def open_shared_rates(location: LedgerLocation | None) -> AbstractAsyncContextManager[SharedRates | None]:
    """Open the rates that all workers and jobs of a ledger's database share; None for a file.

    Entering the context raises ``LedgerError`` when the database cannot be used.
    """
    if location is None or not location.is_postgres:
        return nullcontext()
    require_driver(str(location))
    from provisioner.ledger.postgres.rates import open_postgres_rates  # noqa: PLC0415 - loads asyncpg

    return open_postgres_rates(location.postgres_address())


def rebuild_ledger(
    location: LedgerLocation,
    settings: Mapping[str, str],
    results: Iterable[tuple[int, Result]],
    *,
    planned: RebuildPlan,
    version: str,
    on_rebuilt: Callable[[RebuildReport], None],
) -> None:
    """Rebuild a lost ledger from its results file and the job's input. Blocks.

    ``results`` are lines of the file with their numbers. ``on_rebuilt`` is called before the ledger is put in its
    place; when it raises an exception, that is raised here and there is no ledger.

    Raise ``LedgerError`` when the ledger exists, ``InputError`` for results without a key or with one twice, and
    ``LedgerBusyError`` when a run holds the ledger. Raise ``UsageError`` for an address.
    """
    if location.is_postgres:
        raise UsageError(
            f"{location}: a ledger in a database is not rebuilt from results",
            cure="restore the job's schema from a backup of the database, or name a file with --ledger",
        )
    from provisioner.ledger.sqlite.rebuild import (  # noqa: PLC0415 - hardly any run has lost its ledger
        rebuild_sqlite_ledger,
    )

    rebuild_sqlite_ledger(
        location.file_path(), settings, results, planned=planned, version=version, on_rebuilt=on_rebuilt
    )


def find_ledger_locations(
    folders: Iterable[Path], fingerprints: Sequence[Fingerprint]
) -> Iterator[LedgerLocation]:
    """Yield the ledgers in these folders that may have planned one of these inputs, the newest one first.

    At most 200 files are read, those named ``*.ledger`` first. Folders of embedded servers come last, at most 20;
    opening one starts its server. Files and folders that cannot be read are skipped.
    """
    names = [*folders]
    yield from map(LedgerLocation, find_ledgers(names, [each.sha256 for each in fingerprints]))
    yield from map(LedgerLocation, find_server_folders(names))


def find_other_jobs(location: LedgerLocation, fingerprints: Sequence[Fingerprint]) -> Sequence[LedgerLocation]:
    """Return the other jobs of a ledger's database that have planned one of these inputs, the newest one first.

    There are none for a file, and for the database of an embedded server, which has one job. Raise ``LedgerError``
    when the database cannot be asked. Blocks.
    """
    if not (location.is_address and location.is_postgres):
        return ()
    require_driver(str(location))
    from provisioner.ledger.postgres.discovery import find_jobs  # noqa: PLC0415 - loads asyncpg

    jobs = find_jobs(location.postgres_address(), [each.sha256 for each in fingerprints])
    return [location.other_job(job) for job in jobs]


def find_all_jobs(location: LedgerLocation) -> Sequence[str]:
    """Return the names of the jobs of a database, at most the newest 1,000, in ascending order. Blocks.

    The job that the address names may be a pattern. Raise ``LedgerError`` when the database cannot be asked.
    """
    require_driver(str(location))
    from provisioner.ledger.postgres.discovery import list_jobs  # noqa: PLC0415 - loads asyncpg

    return list_jobs(location.other_job("any").postgres_address())


def open_reader(location: LedgerLocation) -> AbstractContextManager[LedgerReader]:
    """Open a ledger for reading; a run may be writing it at the same time.

    Entering the context raises ``LedgerError`` when the file does not exist or is not a ledger of this program.
    """
    if location.is_postgres:
        require_driver(str(location))
        from provisioner.ledger.postgres.reader import open_postgres_reader  # noqa: PLC0415 - loads asyncpg

        return open_postgres_reader(location.postgres_address())
    return open_sqlite_reader(location.file_path())


def is_ledger(location: LedgerLocation) -> bool:
    """Return whether the location is in a database, or a file that starts with SQLite's file signature."""
    return location.is_address or location.is_embedded or is_database(location.file_path())
