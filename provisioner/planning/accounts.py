"""The file of ``--accounts``: the accounts of a job, with the places of their credentials."""

from collections.abc import Iterator, Mapping, Sequence

from provisioner.errors import InputError, UsageError
from provisioner.models import Record
from provisioner.models.accounts import CredentialsKind, CredentialsPlace, JobAccount, JobAccounts
from provisioner.models.sids import SidKind
from provisioner.options import InputOptions, parse_rate
from provisioner.rows import validate_address
from provisioner.sources import STDIN, Source, open_sources
from provisioner.system.patterns import late_pattern
from provisioner.system.printable import quoted

_COLUMNS = {
    "accountsid": "account_sid",
    "name": "name",
    "credentials": "credentials",
    "addresssid": "address_sid",
    "rate": "rate",
}
"""Columns of the file by their names without case, spaces, ``_`` and ``-``."""
_NEEDED = ("account_sid", "credentials")
_LISTED = ", ".join(_COLUMNS.values())
_IGNORED = late_pattern(r"[\s_-]+")
_SECRET = late_pattern(r"SK[0-9a-fA-F]{32}(?::.*)?|[A-Za-z0-9]{32}")
"""SID of an API key, also with its secret; an auth token or the secret of a key. Other SIDs are longer."""
_LIKE_A_VALUE = late_pattern(r"[A-Za-z0-9]{32}|:")
"""What the name of a column does not have, but a value may: the first line of a file without names."""
_SECRET_NAMES = late_pattern(r"secret|token|password|passwd|apikey")
_PREFIX = late_pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_PLACES = "env:PREFIX, where PREFIX_API_KEY and PREFIX_API_SECRET are set, or profile:NAME of twilio-cli"
_KEEP_OUT = f"keep secrets out of this file: name their place as {_PLACES}, and revoke a secret that others read"
_MOST = 1_000
"""Most accounts of a job. The limit is ours: each has connections of its own."""

_Row = tuple[int, Mapping[str, str]]


def read_accounts(name: str) -> JobAccounts:
    """Return the accounts in the file ``name``, which is read like any input.

    Its columns are ``account_sid`` and ``credentials``, and, as far as needed, ``name``, ``address_sid`` and
    ``rate``; a line without any text is no account. Raise ``InputError``, with the line and the cure, for the
    first line that is no account or that holds a secret, and ``UsageError`` for stdin and a name that stands for
    several files.
    """
    if name == STDIN:
        raise UsageError("--accounts - is stdin, which may be the input", cure="give the accounts as a file")
    with open_sources([name], InputOptions()) as sources:
        if len(sources) != 1:
            raise UsageError(f"--accounts {name} stands for several files", cure="join them into one")
        return _AccountReader(sources[0]).read()


class _AccountReader:
    """Reader of one file of accounts."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._first_line: dict[str, int] = {}

    def read(self) -> JobAccounts:
        """Return the accounts; raise ``InputError`` as ``read_accounts`` does."""
        accounts = [self._account(line, texts) for line, texts in self._rows()]
        if not accounts:
            raise InputError("has no account", source=self._source.name, cure=f"its columns are {_LISTED}")
        if len(accounts) > _MOST:
            raise self._fault(f"is account {_MOST + 1:,}, and a job has at most {_MOST:,}", accounts[_MOST].line)
        return JobAccounts(self._source.name, accounts)

    def _rows(self) -> Iterator[_Row]:
        """Yield line and texts of each record that has any text, having seen that none looks like a secret."""
        for record in self._source.records():
            if record.problem:
                raise self._fault(record.problem, record.line, "correct the line, or remove it")
            named = self._named(record)
            self._require_no_secret(named, record.line)
            texts = self._texts(named, record.line)
            if any(texts.values()):
                yield record.line, texts

    def _named(self, record: Record) -> Sequence[tuple[str, str]]:
        if isinstance(record.values, dict):
            return [(name, text.strip()) for name, text in record.values.items()]
        return [(name, text.strip()) for name, text in zip(self._source.columns, record.values, strict=True)]

    def _require_no_secret(self, named: Sequence[tuple[str, str]], line: int) -> None:
        for name, text in named:
            if text and (_SECRET.fullmatch(text) or _SECRET_NAMES.search(_folded(name))):
                raise self._fault(f"{_shown(name)} holds what looks like a secret", line, _KEEP_OUT)

    def _texts(self, named: Sequence[tuple[str, str]], line: int) -> Mapping[str, str]:
        texts: dict[str, str] = {}
        for name, text in named:
            column = _COLUMNS.get(_folded(name))
            if column is None:
                raise self._fault(f"{_shown(name)} is none of this file's", line, f"the columns are {_LISTED}")
            if column in texts:
                raise self._fault(f"has several columns for {column}", line, "remove all but one of them")
            texts[column] = text
        return texts

    def _account(self, line: int, texts: Mapping[str, str]) -> JobAccount:
        for column in _NEEDED:
            if not texts.get(column):
                raise self._fault(f"has no {column}", line, f"fill it; the columns are {_LISTED}")
        sid, name, rate = texts["account_sid"], texts.get("name", ""), texts.get("rate", "")
        if not SidKind.ACCOUNT.matches(sid):
            raise self._fault(f"account_sid is not the SID of an account: {SidKind.ACCOUNT.form}", line)
        self._require_new(sid, "account_sid", line)
        if name:
            self._require_name(name, sid, line)
        address = texts.get("address_sid", "")
        if address and (faults := validate_address(address)):
            raise self._fault(f"address_sid {faults[0]}", line)
        self._require_rate(rate, line)
        place = self._place(texts["credentials"], line)
        return JobAccount(sid=sid, name=name, credentials=place, address_sid=address, rate=rate, line=line)

    def _require_new(self, text: str, column: str, line: int) -> None:
        first = self._first_line.setdefault(text, line)
        if first != line:
            raise self._fault(f"has the {column} of line {first}", line, "give each account one line")

    def _require_name(self, name: str, sid: str, line: int) -> None:
        if SidKind.ACCOUNT.matches(name) and name != sid:
            raise self._fault("name is the SID of another account", line, "give it a name of its own, or none")
        if name != sid:
            self._require_new(name.casefold(), "name", line)

    def _require_rate(self, rate: str, line: int) -> None:
        if not rate:
            return
        try:
            parse_rate(rate, "rate")
        except UsageError as error:
            raise self._fault(error.message, line, error.cure) from error

    def _place(self, text: str, line: int) -> CredentialsPlace:
        """Return the place that a text such as ``env:ACME`` names; a text without the word may be a secret."""
        word, _, name = text.partition(":")
        kind, name = word.strip().casefold(), name.strip()
        is_prefix = kind == CredentialsKind.ENVIRONMENT and _PREFIX.fullmatch(name)
        if not is_prefix and not (kind == CredentialsKind.PROFILE and name):
            raise self._fault(f"credentials is neither {_PLACES.replace(', or', ', nor')}", line, _KEEP_OUT)
        if _SECRET.fullmatch(name):
            raise self._fault("credentials holds what looks like a secret", line, _KEEP_OUT)
        return CredentialsPlace(CredentialsKind(kind), name)

    def _fault(self, reason: str, line: int, cure: str = "correct the line, or remove it") -> InputError:
        return InputError(reason, source=self._source.name, line=line, cure=cure)


def _shown(name: str) -> str:
    """Return the name of a column for a message, unless it may be a value."""
    return "a column without a name" if _LIKE_A_VALUE.search(name) else f"the column {quoted(name)}"


def _folded(name: str) -> str:
    return _IGNORED.sub("", name).casefold()
