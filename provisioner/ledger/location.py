"""Where a ledger is: a file of this machine, or an address, which this build recognises and refuses."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioner.errors import UsageError
from provisioner.ledger.sqlite.files import files_of_ledger

_ADDRESS = re.compile(r"\s*(?:[a-z][a-z0-9+.-]+:)+/|.*\b(?:password|passwd|pwd)\s*=", re.IGNORECASE | re.DOTALL)
"""The start of an address, or a connection string. One slash will do: ``pathlib`` makes one of two."""
_LOST_SLASH = re.compile(r"^(\s*(?:[a-z][a-z0-9+.-]+:)+)/(?!/)", re.IGNORECASE)
_PASSWORD = re.compile(r"^([^/]*:/+[^:/?#]*):.*@", re.DOTALL)
"""From the colon behind the user's name to the last ``@``: a password may hold any character, a name an ``@``."""
_HOSTLESS_PASSWORD = re.compile(r"^([^/]*:/+[^:/?#@\[]*):(?!\d+(?:[/?#]|$))[^/?#@]*(?=[/?#]|$)")
"""The same where the host is missing: what follows the colon is no port."""
_SECRET_PARAMETER = re.compile(
    r"([?&;#][^=&;#]*(?:pass|pwd|secret|token|key|sig|cred|auth|%)[^=&;#]*=)[^&;]*", re.IGNORECASE
)
_SECRET_WORD = re.compile(r"((?:^|\s)(?:password|passwd|pwd)\s*=).*", re.IGNORECASE | re.DOTALL)
"""From the first secret of a connection string to its end: a value may be quoted, and hold spaces."""
_MASK = "***"


@dataclass(frozen=True, slots=True, repr=False)
class LedgerLocation:
    """Where a ledger is. ``str`` and ``repr`` never hold a password, so a location may be shown and logged.

    Two locations are equal when they were written alike. Only this package may ask for the file's path: whoever
    needs the files of a ledger asks for ``files``, and whoever reads one while it is open asks it for a reader.
    """

    _text: str | Path

    def __post_init__(self) -> None:
        """Give an address the slash back that ``pathlib`` took."""
        given = str(self._text)
        text = _LOST_SLASH.sub(r"\1//", given) if _ADDRESS.match(given) else str(Path(given))
        object.__setattr__(self, "_text", text)

    @classmethod
    def parse(cls, text: str | Path) -> "LedgerLocation":
        """Return the location that a user wrote; raise ``UsageError`` for an address."""
        location = cls(text)
        location.file_path()
        return location

    @classmethod
    def beside(cls, output: Path) -> "LedgerLocation":
        """Return where the ledger of a job is whose results go to ``output``, unless another one is named."""
        return cls.parse(f"{output}.ledger")

    @classmethod
    def for_closing(cls, results: Path) -> "LedgerLocation":
        """Return where ``close`` keeps what became of the conversations of a results file."""
        return cls.parse(f"{results}.close.ledger")

    @property
    def is_address(self) -> bool:
        """Say whether this is an address, and not a file of this machine."""
        return _ADDRESS.match(str(self._text)) is not None

    @property
    def name(self) -> str:
        """A short name to tell one ledger from others by: that of the file, or the masked address."""
        return str(self) if self.is_address else Path(self._text).name

    def file_path(self) -> Path:
        """Return the file. For this package only; raise ``UsageError`` for an address."""
        if self.is_address:
            raise UsageError(
                f"{self} is an address, and this version keeps ledgers in files",
                cure="name a file, such as results.csv.ledger",
            )
        return Path(self._text)

    def files(self) -> Mapping[str, Path]:
        """Return every file that a run with this ledger makes, changes or removes, by what it is.

        An address has none.
        """
        return {} if self.is_address else files_of_ledger(self.file_path())

    def exists(self) -> bool:
        """Say whether there is anything at this location; raise ``UsageError`` for an address."""
        return self.file_path().exists()

    def __str__(self) -> str:
        """Return the location as it was written, with a mask in the place of a password."""
        text = str(self._text)
        if not self.is_address:
            return text
        text = _SECRET_WORD.sub(rf"\1{_MASK}", _SECRET_PARAMETER.sub(rf"\1{_MASK}", text))
        return _HOSTLESS_PASSWORD.sub(rf"\1:{_MASK}", _PASSWORD.sub(rf"\1:{_MASK}@", text))

    def __repr__(self) -> str:
        """Return the same for programmers."""
        return f"LedgerLocation({str(self)!r})"
