"""Location of a ledger: a file on this machine. This version recognises server addresses and refuses them."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioner.errors import UsageError
from provisioner.ledger.sqlite.errors import is_folder
from provisioner.ledger.sqlite.files import files_of_ledger

_ADDRESS = re.compile(r"\s*(?:[a-z][a-z0-9+.-]+:)+/|.*\b(?:password|passwd|pwd)\s*=", re.IGNORECASE | re.DOTALL)
"""Start of a URL, or a connection string. One slash after the colon is enough: ``pathlib`` turns two into one."""
_LOST_SLASH = re.compile(r"^(\s*(?:[a-z][a-z0-9+.-]+:)+)/(?!/)", re.IGNORECASE)
_PASSWORD = re.compile(r"^([^/]*:/+[^:/?#]*):.*@", re.DOTALL)
"""From the colon after the user name to the last ``@``: a password may hold any character, also ``@``."""
_HOSTLESS_PASSWORD = re.compile(r"^([^/]*:/+[^:/?#@\[]*):(?!\d+(?:[/?#]|$))[^/?#@]*(?=[/?#]|$)")
"""The same for an address without ``@``: the text after the colon is not a port number."""
_SECRET_PARAMETER = re.compile(
    r"([?&;#][^=&;#]*(?:pass|pwd|secret|token|key|sig|cred|auth|%)[^=&;#]*=)[^&;]*", re.IGNORECASE
)
_SECRET_WORD = re.compile(r"((?:^|\s)(?:password|passwd|pwd)\s*=).*", re.IGNORECASE | re.DOTALL)
"""From the first secret of a connection string to the end of the text: a value may be quoted and hold spaces."""
_MASK = "***"


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
    def parse(cls, text: str | Path) -> "LedgerLocation":
        """Return the location for a user's input.

        Raise ``UsageError`` when it is an address, and ``LedgerError`` when it is a folder: the files beside a
        ledger take their names from its own, and ``.`` and ``/`` have none.
        """
        location = cls(text)
        if os.path.isdir(path := location.file_path()):  # noqa: PTH112 - is_dir() raises for a path without access
            raise is_folder(path)
        return location

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
    def name(self) -> str:
        """Short name for display: the name of the file without its folder, or the masked address."""
        return str(self) if self.is_address else Path(self._text).name

    def file_path(self) -> Path:
        """Return the path of the file, for use in this package only. Raise ``UsageError`` for an address."""
        if self.is_address:
            raise UsageError(
                f"{self} is an address, and this version keeps ledgers in files",
                cure="name a file, such as results.csv.ledger",
            )
        return Path(self._text)

    def files(self) -> Mapping[str, Path]:
        """Return the files that a run with this ledger creates, changes or removes: dict of path by description.

        The dict is empty for an address.
        """
        return {} if self.is_address else files_of_ledger(self.file_path())

    def exists(self) -> bool:
        """Return whether there is anything at this location; raise ``UsageError`` for an address.

        True for a location that cannot be examined: opening it raises the error.
        """
        try:
            return self.file_path().exists()
        except OSError:
            return True

    def __str__(self) -> str:
        """Return the location as it was written, with passwords masked as ``***``."""
        text = str(self._text)
        if not self.is_address:
            return text
        text = _SECRET_WORD.sub(rf"\1{_MASK}", _SECRET_PARAMETER.sub(rf"\1{_MASK}", text))
        return _HOSTLESS_PASSWORD.sub(rf"\1:{_MASK}", _PASSWORD.sub(rf"\1:{_MASK}@", text))

    def __repr__(self) -> str:
        """Return the masked location, marked as a ``LedgerLocation``."""
        return f"LedgerLocation({str(self)!r})"
