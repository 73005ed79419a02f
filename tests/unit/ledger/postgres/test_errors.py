"""What the user is told about a fault of the server, and what is only a pause."""

import ssl

import asyncpg
import pytest

from provisioner.errors import LedgerError, ProvisionerError, StorageError, UnreachableError
from provisioner.ledger.faults import OddSid
from provisioner.ledger.postgres.address import parse_postgres_address
from provisioner.ledger.postgres.errors import is_away, translated
from provisioner.ledger.shapes import OddLine

ADDRESS = parse_postgres_address("postgresql://ada:pw-1@db/jobs?job=a", shown="postgresql://ada:***@db/jobs?job=a")
SECRET = "a value of a row, and pw-1"
FAULTS: dict[BaseException, tuple[type[ProvisionerError], str]] = {
    asyncpg.DiskFullError(SECRET): (StorageError, "no room is left"),
    asyncpg.InvalidPasswordError(SECRET): (LedgerError, "refuses this user or the password"),
    asyncpg.InvalidCatalogNameError(SECRET): (LedgerError, "no such database"),
    asyncpg.InsufficientPrivilegeError(SECRET): (LedgerError, "lacks a right"),
    asyncpg.ReadOnlySQLTransactionError(SECRET): (UnreachableError, "is read-only"),
    asyncpg.TooManyConnectionsError(SECRET): (UnreachableError, "no connection left"),
    asyncpg.ConnectionDoesNotExistError(SECRET): (
        UnreachableError,
        "the connection was lost: PostgreSQL's error 08003",
    ),
    asyncpg.ConnectionFailureError(SECRET): (UnreachableError, "PostgreSQL's error 08006"),
    asyncpg.InterfaceError(SECRET): (
        UnreachableError,
        "the connection was lost: PostgreSQL's error InterfaceError",
    ),
    asyncpg.AdminShutdownError(SECRET): (UnreachableError, "is starting or stopping"),
    asyncpg.CrashShutdownError(SECRET): (UnreachableError, "is starting or stopping"),
    asyncpg.UnsupportedServerFeatureError(SECRET): (LedgerError, "error UnsupportedServerFeatureError"),
    asyncpg.UndefinedTableError(SECRET): (LedgerError, "not those of a ledger"),
    asyncpg.NumericValueOutOfRangeError(SECRET): (LedgerError, "PostgreSQL's error 22003"),
    ssl.SSLCertVerificationError(SECRET): (LedgerError, "certificate cannot be trusted"),
    TimeoutError(SECRET): (UnreachableError, "no answer came"),
    ConnectionRefusedError(111, "Connection refused"): (UnreachableError, "cannot be reached"),
    ValueError(SECRET): (LedgerError, "the address cannot be used"),
    OverflowError(SECRET): (LedgerError, "the address cannot be used"),
    asyncpg.ClientConfigurationError(SECRET): (LedgerError, "a parameter of the address, most likely one of TLS"),
    asyncpg.UndefinedObjectError(SECRET): (LedgerError, "does not know a parameter of the address"),
    OddSid(7): (LedgerError, "row 7 is created, but its conversation_sid is not a SID"),
    OddLine(): (LedgerError, "is damaged"),
}


def test_every_fault_is_told_with_a_cure_and_without_what_it_quotes() -> None:
    """A message of the server's may hold keys and the address; none of it is repeated."""
    for fault, (kind, text) in FAULTS.items():
        with pytest.raises(ProvisionerError) as raised, translated(ADDRESS):
            raise fault

        assert type(raised.value) is kind, fault
        assert is_away(fault) == (kind is UnreachableError)
        assert text in raised.value.message
        assert raised.value.message.startswith("postgresql://ada:***@db/jobs?job=a")
        assert raised.value.cure
        assert "pw-1" not in f"{raised.value.message} {raised.value.cure}"


def test_an_error_of_this_program_goes_on() -> None:
    """It says already what is wrong."""
    error = StorageError("said")

    with pytest.raises(StorageError) as raised, translated(ADDRESS):
        raise error

    assert raised.value is error


def test_only_a_server_that_may_come_back_is_waited_for() -> None:
    """A restart, a cut network and a standby that takes over pass; a wrong password and a full disk do not."""
    passing = [
        asyncpg.ConnectionDoesNotExistError(),
        asyncpg.AdminShutdownError(),
        asyncpg.CannotConnectNowError(),
        asyncpg.ReadOnlySQLTransactionError(),
        asyncpg.InterfaceError("the connection is closed"),
        ConnectionResetError(),
        TimeoutError(),
    ]
    lasting = [
        asyncpg.InvalidPasswordError(),
        asyncpg.DiskFullError(),
        asyncpg.UndefinedTableError(),
        ssl.SSLCertVerificationError(),
        asyncpg.ClientConfigurationError("sslmode"),
        ValueError(),
    ]

    assert all(map(is_away, passing))
    assert not any(map(is_away, lasting))
