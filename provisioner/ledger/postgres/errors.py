"""Translation of exceptions of asyncpg and of the network into this program's errors with a cure."""

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import asyncpg

from provisioner.errors import (
    LeaseLostError,
    LedgerBusyError,
    LedgerError,
    ProvisionerError,
    StorageError,
    UnreachableError,
)
from provisioner.ledger.faults import OddSid, odd_sid
from provisioner.ledger.postgres.address import PostgresAddress
from provisioner.ledger.shapes import OddLine
from provisioner.system.os_errors import os_reason

_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,
    asyncpg.InterfaceError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,
    TimeoutError,
    asyncio.IncompleteReadError,
    OSError,
)
"""Exceptions after which the server may be there again: a restart, a cut network, a standby that takes over."""


def is_away(error: BaseException | None) -> bool:
    """Return whether an exception says that the server cannot be used now, and may be later.

    That of an error of this program is the exception from which it was translated.
    """
    # Values that were given are ValueErrors too, among them a parameter of the address, and a certificate.
    lasting = (ValueError, asyncpg.UnsupportedClientFeatureError, asyncpg.UnsupportedServerFeatureError)
    cause = error.__cause__ if isinstance(error, ProvisionerError) else error
    return isinstance(cause, _AWAY) and not isinstance(cause, lasting)


@contextmanager
def translated(address: PostgresAddress) -> Iterator[None]:
    """Translate the exceptions of asyncpg and of the network that are raised inside the context.

    Raise ``LedgerError`` when the ledger cannot be used, ``UnreachableError`` when its server cannot be used now
    and may be later, and ``StorageError`` when it has no room. The messages have neither the password nor a value
    of a row.
    """
    try:
        yield
    except ProvisionerError:
        raise
    except OddSid as error:
        raise odd_sid(address.shown, error.row, what="schema") from error
    except OddLine as error:
        raise damaged_schema(address) from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
        raise to_error(error, address) from error
    except (
        ValueError,
        OverflowError,
    ) as error:  # asyncpg refuses a parameter of the address; its text may quote a secret
        raise LedgerError(f"{address.shown}: the address cannot be used", cure="look at its parameters") from error


def to_error(error: BaseException, address: PostgresAddress) -> ProvisionerError:
    """Return the error of this program for an exception."""
    if (refused := _REFUSALS.get(getattr(error, "sqlstate", None) or "")) is not None:
        kind, what, cure = refused
        return kind(f"{address.shown}: {what}", cure=cure)
    for kinds, kind, what, cure in _FAULTS:
        if isinstance(error, kinds):
            return kind(f"{address.shown}: {what}", cure=cure)
    if isinstance(error, OSError):
        return UnreachableError(f"{address.shown} cannot be reached: {os_reason(error)}", cure=_LOOK)
    code = getattr(error, "sqlstate", None)
    if is_away(error):
        return UnreachableError(
            f"{address.shown}: the connection was lost: PostgreSQL's error {code or type(error).__name__}",
            cure=_LOOK,
        )
    return LedgerError(
        f"{address.shown} cannot be used: PostgreSQL's error {code or type(error).__name__}",
        cure="look at the server's log",
    )


_REFUSALS: Mapping[str, tuple[type[ProvisionerError], str, str]] = {
    "WCP02": (
        LeaseLostError,
        "this worker was away for longer than its lease, and its rows are others' now",
        "start the worker again",
    ),
    "WCP03": (LedgerBusyError, "another run of this job has begun", "start the worker again"),
    "WCP04": (
        LedgerError,
        "a row was not sent, because it is created or in flight already",
        "run the same command again: it takes what happened from the ledger",
    ),
    "WCP05": (LedgerError, "another worker looks rows up", "run the same command again"),
}
"""Errors of the schema's own functions by their codes; see sharing.sql and sweeps.sql."""
_LOOK = "look at the address, at the server and at the network, then run the same command again"
_FAULTS: tuple[tuple[tuple[type[BaseException], ...], type[ProvisionerError], str, str], ...] = (
    (
        (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError),
        LedgerError,
        "the server refuses this user or the password",
        "set PGPASSWORD, or name a service of a service file; look at the server's pg_hba.conf",
    ),
    (
        (asyncpg.ClientConfigurationError,),
        LedgerError,
        "a parameter of the address, most likely one of TLS, cannot be used",
        "look at sslmode; verify-ca and verify-full need a file with the server's CA in sslrootcert",
    ),
    (
        (asyncpg.UndefinedObjectError,),
        LedgerError,
        "the server does not know a parameter of the address",
        "look at the names after the question mark; that of the job is job=NAME",
    ),
    (
        (asyncpg.InvalidCatalogNameError,),
        LedgerError,
        "the server has no such database",
        "create it with createdb, or name another one after the last slash of the address",
    ),
    (
        (asyncpg.InsufficientPrivilegeError,),
        LedgerError,
        "this user lacks a right",
        "ask for CREATE on the database, or, to read a job, for USAGE on its schema and SELECT on its tables",
    ),
    (
        (asyncpg.ReadOnlySQLTransactionError,),
        UnreachableError,
        "the server is read-only",
        "name the primary server, or add target_session_attrs=read-write to the address",
    ),
    (
        (asyncpg.TooManyConnectionsError,),
        UnreachableError,
        "the server has no connection left",
        "raise max_connections",
    ),
    (
        (asyncpg.DiskFullError, asyncpg.InsufficientResourcesError),
        StorageError,
        "no room is left at the server",
        "make room there, then run the same command again",
    ),
    ((asyncpg.UniqueViolationError,), LedgerError, "another program writes this ledger", "stop it first"),
    (
        (ssl.SSLCertVerificationError,),
        LedgerError,
        "its certificate cannot be trusted",
        "name its CA in sslrootcert",
    ),
    (
        (asyncpg.CannotConnectNowError, asyncpg.AdminShutdownError, asyncpg.CrashShutdownError),
        UnreachableError,
        "the server is starting or stopping",
        "try again later",
    ),
    ((TimeoutError,), UnreachableError, "no answer came", _LOOK),
    (
        (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.UndefinedFunctionError),
        LedgerError,
        "its tables are not those of a ledger",
        "restore the schema from a copy, or name another job",
    ),
)


def busy(address: PostgresAddress) -> LedgerBusyError:
    """Return the error for a ledger that another run has open."""
    return LedgerBusyError(
        f"{address.shown}: another run is using this ledger",
        cure="wait until it has ended, or stop it, then run the same command again",
    )


def lease_lost(address: PostgresAddress) -> ProvisionerError:
    """Return the error of a worker that was fenced."""
    kind, what, cure = _REFUSALS["WCP02"]
    return kind(f"{address.shown}: {what}", cure=cure)


def gone(address: PostgresAddress) -> UnreachableError:
    """Return the error for a server that is away for longer than it may be."""
    return UnreachableError(
        f"{address.shown}: the connection was lost, and there is no other one",
        cure="look at the server and at the network, then run the same command again",
    )


def missing(address: PostgresAddress) -> LedgerError:
    """Return the error for a job that is not in the database."""
    return LedgerError(
        f"{address.shown} is not there: the database has no job {address.job}",
        cure="name the job as it was begun with --ledger",
    )


def foreign(address: PostgresAddress) -> LedgerError:
    """Return the error for a schema with the tables of another program."""
    return LedgerError(
        f"{address.shown}: the schema {address.schema} is not a ledger of this program",
        cure="name another job in the address",
    )


def damaged_schema(address: PostgresAddress) -> LedgerError:
    """Return the error for a value that this program does not write."""
    return LedgerError(
        f"{address.shown} is damaged",
        cure="restore the schema from a copy; without it, the rows it knows would be created again",
    )
