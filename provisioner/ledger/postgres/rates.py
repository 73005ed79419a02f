"""Rates of accounts that all workers and jobs of a database share; see ``ledger/shared_rate.py``.

The members of a process share one connection. It renews their shares every half second, at once when a member
asks, and hears of what others change. While the server is away, a member loses its shares within ``TERM_S``.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import asyncpg
import msgspec

from provisioner.errors import LedgerError
from provisioner.ledger.faults import newer
from provisioner.ledger.postgres import errors
from provisioner.ledger.postgres.address import PostgresAddress
from provisioner.ledger.postgres.connection import open_connection, terminated_on_error
from provisioner.ledger.shared_rate import AccountRate, RateChange, RateMember, ShareGrant
from provisioner.ledger.sql_files import read_statements
from provisioner.system.event_log import event_logger

TERM_S = 3.0
"""Seconds for which shares may be used after they were renewed."""
BEAT_S = 0.5
"""Seconds between two renewals."""
TURN_S = 10.0
"""Seconds for which a member keeps a share when there are fewer shares than members that wait."""
RATES_VERSION = 1
"""Version of the schema ``provisioner`` that this program writes."""
_CONNECT_S = 5.0
_ANSWER_S = 2.0
"""Seconds for an answer; then the connection counts as lost."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 1.0
_INSTALL_KEY = int.from_bytes(b"p-rates1", signed=True)
_GRANT = (
    "GRANT USAGE ON SCHEMA provisioner TO USER_NAME; "
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA provisioner TO USER_NAME"
)
_CHANNEL = "provisioner_rates"
_RATES = read_statements(__package__, "rates")
_SCHEMA = read_statements(__package__, "rates_schema")


class _News(msgspec.Struct):
    """Notification: something of an account is to be looked at, or, with an ``epoch``, what has changed."""

    account: str
    now: float = 0.0
    epoch: int = 0
    state: str = ""
    since: float | None = None
    paused_until: float = 0.0


@dataclass(slots=True, eq=False)
class _Membership:
    """Member of an account.

    ``is_known`` says that the database has the account's rate. ``change`` is one that the database may not have
    yet; when it is told twice, the second time changes nothing but the pause.
    """

    account: str
    member: RateMember
    is_due: bool = True
    is_known: bool = False
    change: RateChange | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(16))


class PostgresRate:
    """Rate of one account; implements ``SharedRate``."""

    def __init__(self, rates: "PostgresRates", account: str) -> None:
        self._rates, self._account = rates, account

    def join(self, member: RateMember) -> Callable[[], None]:
        """Renew the shares of a member from now on; return a function that renews them at once."""
        return self._rates.join(self._account, member)


class PostgresRates:
    """Shared rates of all accounts in a database; implements ``SharedRates``."""

    def __init__(self, address: PostgresAddress, connection: asyncpg.Connection) -> None:
        self._address = address
        self._connection: asyncpg.Connection | None = connection
        self._memberships: list[_Membership] = []
        self._asked = asyncio.Event()
        self._is_listening = False
        self._now = asyncio.get_running_loop().time
        self._next_beat = self._now()

    def rate_of(self, account: str) -> PostgresRate:
        """Return the rate of creating WebChats in an account, by its SID."""
        return PostgresRate(self, account)

    def join(self, account: str, member: RateMember) -> Callable[[], None]:
        """Renew the shares of a member of an account from now on; return a function that renews them at once."""
        membership = _Membership(account, member)

        def renew() -> None:
            membership.is_due = True
            self._asked.set()

        self._memberships.append(membership)
        renew()
        return renew

    async def keep(self) -> None:
        """Renew the shares of all members, until this is cancelled. Raise the errors of ``translated``."""
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                with errors.translated(self._address):
                    await self._renew_due(await self._connected())
            except Exception as error:
                if not errors.is_away(error):
                    raise
                self._lose()
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            else:
                pause_s = _FIRST_PAUSE_S
                await self._rest()

    async def leave(self) -> None:
        """Give up the shares of all members, and close the connection."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        # Where it fails, the shares expire.
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError), terminated_on_error(connection):
            async with asyncio.timeout(_ANSWER_S):
                for each in self._memberships:
                    await connection.execute(_RATES["leave"], each.id)
                await connection.close()

    async def _connected(self) -> asyncpg.Connection:
        """Return the connection, a new one after ``_lose``, which hears of changes."""
        async with asyncio.timeout(_CONNECT_S):
            if self._connection is None:
                self._connection = await open_connection(self._address)
            if not self._is_listening:
                await self._connection.add_listener(_CHANNEL, self._hear)
                self._is_listening = True
        return self._connection

    def _lose(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            event_logger().warning("rate.away", ledger=self._address.shown)
        self._connection, self._is_listening = None, False
        self._mark_due(None)

    async def _renew_due(self, connection: asyncpg.Connection) -> None:
        """Renew the shares of the members that are due; a change of any member is told first."""
        self._asked.clear()
        for each in self._memberships:
            if not each.is_due:
                continue
            each.is_due = False
            await self._tell_changes(connection)
            async with asyncio.timeout(_ANSWER_S):
                grant = await _renewed(connection, each)
            each.is_known = True
            each.member.on_grant(grant)

    async def _tell_changes(self, connection: asyncpg.Connection) -> None:
        for each in self._memberships:
            each.change = each.member.take_change() or each.change
            if each.is_known and each.change is not None:
                async with asyncio.timeout(_ANSWER_S):
                    account = await _changed(connection, each, each.change)
                each.change = None
                each.member.on_account(account)

    async def _rest(self) -> None:
        """Wait until the next renewal, and mark all members as due when none of them has asked for it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(self._next_beat - self._now(), 0.0)):
                await self._asked.wait()
                return
        self._next_beat = self._now() + BEAT_S
        self._mark_due(None)

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        news = msgspec.json.decode(str(payload), type=_News)
        if not news.epoch:
            self._mark_due(news.account)
            return
        account = AccountRate(news.now, news.epoch, news.state, news.since, news.paused_until)
        for each in self._memberships:
            if each.account == news.account:
                each.member.on_account(account)

    def _mark_due(self, account: str | None) -> None:
        """Mark the members of an account as due; None for all accounts."""
        for each in self._memberships:
            each.is_due = each.is_due or account in {None, each.account}
        self._asked.set()


async def _changed(connection: asyncpg.Connection, each: _Membership, change: RateChange) -> AccountRate:
    row = await connection.fetchrow(
        _RATES["change"], each.account, change.epoch, change.state, change.since_s, change.pause_s
    )
    return AccountRate(*row)


async def _renewed(connection: asyncpg.Connection, each: _Membership) -> ShareGrant:
    request = each.member.request(TERM_S)
    row = await connection.fetchrow(
        _RATES["renew"],
        each.account,
        each.id,
        request.epoch,
        request.state,
        request.asked,
        request.total,
        request.held,
        request.ages,
        request.is_waiting,
        TERM_S,
        TURN_S,
    )
    moment, epoch, state, since, paused_until, asked, total, kept, last_uses, release = row
    return ShareGrant(
        account=AccountRate(moment, epoch, state, since, paused_until),
        asked=asked,
        total=total,
        kept=kept,
        last_uses=tuple(last_uses),
        release=release,
    )


@asynccontextmanager
async def open_postgres_rates(address: PostgresAddress) -> AsyncIterator[PostgresRates]:
    """Open the shared rates of a database, and create their schema where it is missing.

    Raise ``LedgerError`` when they cannot be used. When that happens inside the context, it is cancelled, and the
    error is raised at its end.
    """
    with errors.translated(address):
        connection = await open_connection(address)
        with terminated_on_error(connection):
            await _install(connection, address)
    rates = PostgresRates(address, connection)
    try:
        async with asyncio.TaskGroup() as tasks:
            keeping = tasks.create_task(rates.keep(), name="shared-rates")
            yield rates
            keeping.cancel()
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
    finally:
        await rates.leave()


async def _install(connection: asyncpg.Connection, address: PostgresAddress) -> None:
    """Create the schema where it is missing; one process does, and the others wait for it."""
    if not await connection.fetchval(_RATES["is_installed"]):
        async with connection.transaction():
            await connection.execute(_RATES["lock_install"], _INSTALL_KEY)
            if not await connection.fetchval(_RATES["is_installed"]):
                if not await connection.fetchval(_RATES["has_schema"]):
                    await connection.execute("CREATE SCHEMA provisioner")
                await connection.execute("\n".join(_SCHEMA.values()))
    if not await connection.fetchval(_RATES["may_use"]):
        raise LedgerError(
            f"{address.shown}: this user has no right to the rates that all jobs share, in the schema provisioner",
            cure=f"let its owner type: {_GRANT}",
        )
    version = await connection.fetchval(_RATES["version"])
    if version > RATES_VERSION:
        raise newer(address.shown, version, RATES_VERSION)
