"""Location of a ledger: a file, a job's address in a PostgreSQL database, or the folder of an embedded one."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provisioner.embedded.folders import is_server_folder
from provisioner.errors import LedgerError, UsageError
from provisioner.ledger.postgres.address import (
    SCHEMES,
    PostgresAddress,
    job_in,
    parse_postgres_address,
    replace_job,
    require_driver,
    split_password,
    with_job,
)
from provisioner.ledger.sqlite.errors import is_folder
from provisioner.ledger.sqlite.files import files_of_ledger
from provisioner.system.addresses import masked_database
from provisioner.system.patterns import late_pattern

_ADDRESS = late_pattern(
    r"\s*(?:[a-z][a-z0-9+.-]+:)+/|postgres(?:ql)?:\Z|.*\b(?:password|passwd|pwd)\s*=", re.IGNORECASE | re.DOTALL
)
"""Start of a URL, or a connection string. One slash after the colon is enough: ``pathlib`` turns two into one."""
EMBEDDED = "embedded"
"""Value of ``--ledger`` that stands for an embedded server beside the results."""
_EMBEDDED_JOB = "job"
"""Name of the one job of an embedded server, so that its folder may be renamed."""
_LOST_SLASH = late_pattern(r"^(\s*(?:[a-z][a-z0-9+.-]+:)+)(?:/(?!/)|\Z)", re.IGNORECASE)
_LOST_EMPTY_HOST = late_pattern(r"^(\s*postgres(?:ql)?:)//(?=[^/@?]*\?(?:.*&)?host=)", re.IGNORECASE)
"""Start of an address that names its host only as a parameter: what is left of ``///DATABASE?host=FOLDER``."""


@dataclass(frozen=True, slots=True, repr=False)
class LedgerLocation:
    """Location of a ledger. ``str`` and ``repr`` mask passwords, so a location may be shown and logged.

    Two locations are equal when they were written alike. Only this package uses the path of the file. Other code
    calls ``files`` for the files of a ledger, and ``Ledger.reader`` to read a ledger that is open.
    """

    _text: str | Path
    is_embedded: bool = field(default=False, compare=False)
    """Whether this is the folder of an embedded PostgreSQL server; the folder of one is recognised."""

    def __post_init__(self) -> None:
        """Restore the slashes of an address, of which ``pathlib`` leaves one."""
        given = str(self._text)
        is_address = _ADDRESS.match(given)
        text = _restored(given) if is_address else str(Path(given))
        object.__setattr__(self, "_text", text)
        if not is_address and is_server_folder(Path(text)):
            object.__setattr__(self, "is_embedded", True)

    @classmethod
    def parse(cls, text: str | Path, *, results: Path | None = None) -> "LedgerLocation":
        """Return the location for a user's input; ``results`` names the job of an address that names none.

        ``embedded`` with ``results`` is the folder of an embedded server at the place of the default ledger.

        Raise ``UsageError`` for an address that is not one of PostgreSQL or names no job, and ``LedgerError``
        for another folder: the files beside a ledger take their names from its own, and ``.`` and ``/`` have none.
        """
        if str(text) == EMBEDDED and results is not None:
            return cls._embedded(results)
        location = cls(text)
        if location.is_embedded:
            return location
        if location.is_postgres:
            if results is not None and results.name != "-":
                location = location.with_job(results)
            location.postgres_address()
            return location
        if os.path.isdir(path := location.file_path()):  # noqa: PTH112 - is_dir() raises for a path without access
            raise is_folder(path)
        return location

    @classmethod
    def _embedded(cls, results: Path) -> "LedgerLocation":
        if results.name == "-" or cls(results).is_address:
            raise UsageError(
                "--ledger embedded: the ledger is beside the results, and these go to no file",
                cure="name a file with -o",
            )
        from provisioner.embedded.programs import require_programs  # noqa: PLC0415 - an extra

        require_programs("--ledger embedded")
        location = cls(f"{results}.ledger", is_embedded=True)
        if os.path.isfile(str(location)):  # noqa: PTH113 - is_file() raises for a path without access
            raise LedgerError(
                f"--ledger embedded: the job has its ledger in the file {location}",
                cure="omit --ledger embedded to go on with it, or name another -o",
            )
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
        """Whether the ledger is in a PostgreSQL database: at an address, or an embedded one."""
        return self.is_embedded or (str(self._text).partition("://")[0].lower() in SCHEMES and self.is_address)

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

    @property
    def job(self) -> str:
        """Name of the job in the address of a database as it was written, a pattern perhaps; empty for a file."""
        return job_in(str(self._text)) if self.is_address and self.is_postgres else ""

    def path_of_job(self, job: str) -> Path:
        """Return the address of another job of the same database as a command takes it, with its password."""
        return Path(replace_job(str(self._text), job))

    def other_job(self, job: str) -> "LedgerLocation":
        """Return the address of another job of the same database."""
        return LedgerLocation(replace_job(str(self._text), job))

    def postgres_address(self) -> PostgresAddress:
        """Return the address of the job's schema, for use in this package only.

        Raise ``UsageError`` when it names no job. An embedded server is started, or joined, and goes on while the
        address is referenced; raise ``LedgerError`` when it does not start. That blocks for up to some seconds.
        """
        if self.is_embedded:
            return self._embedded_address()
        return parse_postgres_address(str(self._text), shown=str(self))

    def _embedded_address(self) -> PostgresAddress:
        from provisioner.embedded.programs import require_programs, require_version  # noqa: PLC0415 - an extra
        from provisioner.embedded.server import EmbeddedServer  # noqa: PLC0415 - the same

        folder, shown = Path(self._text), str(self)
        programs = require_programs(shown)
        require_version(programs, folder / "data", shown)
        use = EmbeddedServer(folder=folder, programs=programs, shown=shown).use()
        return PostgresAddress(use.dsn, _EMBEDDED_JOB, shown, use)

    @property
    def password(self) -> str:
        """The password in the address of a database, empty for none; never to be shown or logged."""
        return split_password(str(self._text))[1] if self.is_postgres else ""

    @property
    def without_password(self) -> str:
        """The address of a database without its password, for another process."""
        if self.is_embedded:
            return os.path.abspath(str(self._text))  # noqa: PTH100 - links are left as they are
        return split_password(str(self._text))[0]

    def files(self) -> Mapping[str, Path]:
        """Return the files that a run with this ledger creates, changes or removes: dict of path by description.

        The dict is empty for an address.
        """
        if self.is_embedded:
            return {"the ledger": Path(self._text)}
        return {} if self.is_address else files_of_ledger(self.file_path())

    def exists(self) -> bool:
        """Return whether there is anything at this location. Raise ``UsageError`` for an address of another kind.

        True for a file that cannot be examined: opening it raises the error. A database is asked; raise
        ``LedgerError`` when it cannot be.
        """
        if self.is_embedded and not is_server_folder(Path(self._text)):
            return False
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


def _restored(address: str) -> str:
    return _LOST_EMPTY_HOST.sub(r"\1///", _LOST_SLASH.sub(r"\1//", address))
