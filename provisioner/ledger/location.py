"""Location of a ledger: a file on this machine, or the address of a job in a PostgreSQL database."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioner.errors import UsageError
from provisioner.ledger.postgres.address import (
    SCHEMES,
    PostgresAddress,
    parse_postgres_address,
    require_driver,
    split_password,
    with_job,
)
from provisioner.ledger.sqlite.errors import is_folder
from provisioner.ledger.sqlite.files import files_of_ledger
from provisioner.system.addresses import masked_database

_ADDRESS = re.compile(r"\s*(?:[a-z][a-z0-9+.-]+:)+/|.*\b(?:password|passwd|pwd)\s*=", re.IGNORECASE | re.DOTALL)
"""Start of a URL, or a connection string. One slash after the colon is enough: ``pathlib`` turns two into one."""
_LOST_SLASH = re.compile(r"^(\s*(?:[a-z][a-z0-9+.-]+:)+)/(?!/)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, repr=False)
class LedgerLocation:
    """Location of a ledger. ``str`` and ``repr`` mask passwords, so a location may be shown and logged.

    Two locations are equal when they were written alike. Only this package uses the path of the file. Other code
    calls ``files`` for the files of a ledger, and ``Ledger.reader`` to read a ledger that is open.
    """

    _text: str | Path

    def __post_init__(self) -> None:
        """Restore the second slash of an address, which ``pathlib`` removes."""
        given = str(self._text)
        text = _LOST_SLASH.sub(r"\1//", given) if _ADDRESS.match(given) else str(Path(given))
        object.__setattr__(self, "_text", text)

    @classmethod
    def parse(cls, text: str | Path, *, results: Path | None = None) -> "LedgerLocation":
        """Return the location for a user's input; ``results`` names the job of an address that names none.

        Raise ``UsageError`` for an address that is not one of PostgreSQL or names no job, and ``LedgerError``
        for a folder: the files beside a ledger take their names from its own, and ``.`` and ``/`` have none.
        """
        location = cls(text)
        if location.is_postgres:
            if results is not None and results.name != "-":
                location = location.with_job(results)
            location.postgres_address()
            return location
        if os.path.isdir(path := location.file_path()):  # noqa: PTH112 - is_dir() raises for a path without access
            raise is_folder(path)
        return location

    @classmethod
    def of_job(cls, given: Path | None, output: Path) -> "LedgerLocation":
        """Return the location of a job's ledger: ``given``, or the one beside its results when that is None."""
        return cls.beside(output) if given is None else cls.parse(given, results=output)

    @classmethod
    def beside(cls, output: Path) -> "LedgerLocation":
        """Return the default location of a job's ledger: ``<output>.ledger``, beside the results file."""
        return cls.parse(f"{output}.ledger")

    @classmethod
    def for_closing(cls, results: Path) -> "LedgerLocation":
        """Return the location of the ledger in which ``close`` records the conversations of a results file."""
        return cls.parse(f"{results}.close.ledger")

    @property
    def is_address(self) -> bool:
        """Whether this is an address, and not a file on this machine."""
        return _ADDRESS.match(str(self._text)) is not None

    @property
    def is_postgres(self) -> bool:
        """Whether this is the address of a PostgreSQL database."""
        return str(self._text).partition("://")[0].lower() in SCHEMES and self.is_address

    @property
    def name(self) -> str:
        """Short name for display: the name of the file without its folder, or the masked address."""
        return str(self) if self.is_address else Path(self._text).name

    def file_path(self) -> Path:
        """Return the path of the file, for use in this package only. Raise ``UsageError`` for an address."""
        if self.is_address:
            raise UsageError(
                f"{self} is an address, and not one of PostgreSQL",
                cure="name a file, such as results.csv.ledger, or postgresql://USER@HOST/DATABASE?job=NAME",
            )
        return Path(self._text)

    def with_job(self, results: Path) -> "LedgerLocation":
        """Return the address with a job named after a results file, unless it names one."""
        return LedgerLocation(with_job(str(self._text), results))

    def postgres_address(self) -> PostgresAddress:
        """Return the address of the job's schema, for use in this package only.

        Raise ``UsageError`` when it names no job.
        """
        return parse_postgres_address(str(self._text), shown=str(self))

    @property
    def password(self) -> str:
        """The password in the address of a database, empty for none; never to be shown or logged."""
        return split_password(str(self._text))[1] if self.is_postgres else ""

    @property
    def without_password(self) -> str:
        """The address of a database without its password, for another process."""
        return split_password(str(self._text))[0]

    def files(self) -> Mapping[str, Path]:
        """Return the files that a run with this ledger creates, changes or removes: dict of path by description.

        The dict is empty for an address.
        """
        return {} if self.is_address else files_of_ledger(self.file_path())

    def exists(self) -> bool:
        """Return whether there is anything at this location. Raise ``UsageError`` for an address of another kind.

        True for a file that cannot be examined: opening it raises the error. A database is asked; raise
        ``LedgerError`` when it cannot be.
        """
        if self.is_postgres:
            require_driver(str(self))
            from provisioner.ledger.postgres.reader import is_there  # noqa: PLC0415 - loads asyncpg

            return is_there(self.postgres_address())
        try:
            return self.file_path().exists()
        except OSError:
            return True

    def __str__(self) -> str:
        """Return the location as it was written, with passwords masked as ``***``."""
        text = str(self._text)
        if not self.is_address:
            return text
        return masked_database(text)

    def __repr__(self) -> str:
        """Return the masked location, marked as a ``LedgerLocation``."""
        return f"LedgerLocation({str(self)!r})"
