"""Address of a ledger in PostgreSQL: that of the database, and the name of the job in it."""

import hashlib
import re
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from provisioner.errors import UsageError
from provisioner.system.addresses import MASK
from provisioner.system.patterns import late_pattern

SCHEMES = ("postgresql", "postgres")
PREFIX = "provisioner_"
"""Start of the name of every job's schema; the job's own name follows."""
_JOB = late_pattern(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,49}")
"""Name of a job: with the prefix, it fits into the 63 bytes of a PostgreSQL name."""
_LONGEST = 50


@dataclass(frozen=True, slots=True, repr=False)
class PostgresAddress:
    """Address of a job's ledger. ``dsn`` is the database's as asyncpg reads it, ``shown`` the masked address.

    ``use`` keeps an embedded server running as long as the address is referenced.
    """

    dsn: str
    job: str
    shown: str
    use: object = field(default=None, compare=False)

    @property
    def schema(self) -> str:
        """Name of the job's schema."""
        return f"{PREFIX}{self.job}"

    @property
    def lock_key(self) -> int:
        """Key of the advisory lock that the one process holds that writes the ledger: a signed 64-bit number."""
        digest = hashlib.blake2b(self.schema.encode(), digest_size=8, person=b"provisioner").digest()
        return int.from_bytes(digest, signed=True)


def parse_postgres_address(text: str, *, shown: str) -> PostgresAddress:
    """Return the address for a URL; ``shown`` is the URL with its password masked, for messages.

    Raise ``UsageError`` for a URL that cannot be read, for one without a valid name of a job, and for one that was
    copied from where its password is masked.
    """
    try:
        parts = urlsplit(text)
        words = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise UsageError(f"{shown} is not a URL of a database", cure=_FORM) from None
    jobs = [value for name, value in words if name == "job"]
    if len(jobs) != 1 or not _JOB.fullmatch(jobs[0]):
        what = "names no job" if not jobs else "does not name one job in letters, digits, '-', '_' and '.'"
        raise UsageError(f"{shown} {what}", cure=_FORM)
    if split_password(text)[1] == MASK:
        raise UsageError(
            f"{shown}: {MASK} stands for a password that is not shown",
            cure=f"set PGPASSWORD, and remove ':{MASK}' from the address",
        )
    query = urlencode([(name, value) for name, value in words if name != "job"], quote_via=quote)
    return PostgresAddress(urlunsplit(parts._replace(query=query, fragment="")), jobs[0], shown)


_FORM = "write it as postgresql://USER@HOST/DATABASE?job=NAME, at most 50 characters for the name"


def with_job(text: str, output: Path) -> str:
    """Return the URL with a job named after a results file, unless it names one."""
    if re.search(r"[?&]job=", text):
        return text
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", output.name).lstrip("-._") or "job"
    if len(name) > _LONGEST:
        digest = hashlib.blake2b(output.name.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
        name = f"{name[: _LONGEST - 9]}-{digest}"
    return f"{text}{'&' if '?' in text else '?'}job={name}"


def job_in(text: str) -> str:
    """Return the job that a URL names, as it was written, empty for none."""
    found = re.search(r"[?&]job=([^&]*)", text)
    return unquote(found[1]) if found else ""


def replace_job(text: str, job: str) -> str:
    """Return the URL of another job of the same database."""
    return re.sub(r"([?&]job=)[^&]*", lambda found: f"{found[1]}{job}", text)


def split_password(text: str) -> tuple[str, str]:
    """Return the URL without its password, and that password, empty for none."""
    parts = urlsplit(text)
    words = parse_qsl(parts.query, keep_blank_values=True)
    query = urlencode([(name, value) for name, value in words if name != "password"], quote_via=quote, safe="/:,")
    user, mark, host = parts.netloc.rpartition("@")
    name, _, in_user = user.partition(":")
    in_query = next((value for word, value in words if word == "password"), "")
    without = urlunsplit(parts._replace(netloc=f"{name}{mark}{host}", query=query))
    return without, unquote(in_user) or in_query


def require_driver(shown: str) -> None:
    """Raise ``UsageError`` when the package that speaks with PostgreSQL is not installed."""
    if find_spec("asyncpg") is None:
        raise UsageError(
            f"{shown}: a ledger at an address needs the package asyncpg",
            cure="install the extra from this program's own folder (pip install '.[postgres]')",
        )
