"""One rate of an account among members that renew their shares in a real database."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast
from uuid import uuid4

import asyncpg
import pytest

from provisioner.errors import LedgerError
from provisioner.ledger import LedgerLocation, open_shared_rates
from provisioner.ledger.postgres.connection import open_connection
from provisioner.ledger.postgres.rates import PostgresRates
from provisioner.ledger.shared_rate import ShareGrant
from provisioner.ledger.sql_files import read_statements
from provisioner.options import Rate
from provisioner.pacing import SharedPacer
from tests.postgres_server import address_of_session, postgres_server, query_postgres

RENEW = read_statements("provisioner.ledger.postgres", "rates")["renew"]
LONG_AGO = 100.0


def location(address: str | None = None) -> LedgerLocation:
    """Return the address of a job; the rates are the same for every job of the database."""
    return LedgerLocation(f"{address or address_of_session()}&job=rates")


@asynccontextmanager
async def workers(count: int, rate: float, account: str) -> AsyncIterator[Sequence[SharedPacer]]:
    """Open so many workers, each with a connection of its own."""
    async with AsyncExitStack() as stack:
        pacers = []
        for _ in range(count):
            rates = await stack.enter_async_context(open_shared_rates(location()))
            assert rates is not None
            pacers.append(SharedPacer(Rate(per_second=rate), rates.rate_of(account)))
        yield pacers


async def keep_starting(pacer: SharedPacer, starts: list[float]) -> None:
    """Start requests one after the other, as fast as the pacer lets."""
    while True:
        async with pacer.reserve() as gate:
            await gate.wait()
            starts.append(time.monotonic())


async def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds, for at most 20 s."""
    for _ in range(4_000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never held")


class Members:
    """Members of one account that renew when a test says, and what the database answers."""

    def __init__(self, connection: Any, total: int) -> None:
        self._connection, self._total = connection, total
        self._account, self._run = f"AC-{uuid4().hex}", uuid4().hex
        self.held = dict[str, int]()

    async def renew(
        self,
        name: str,
        *,
        give: int = 0,
        waits: bool = True,
        total: int = 0,
        asked: float = 5.0,
        term: float = 30.0,
        turn: float = 30.0,
    ) -> ShareGrant:
        """Renew the shares of a member and keep what it is granted."""
        held = self.held.get(name, 0) - give
        values = (self._account, self._run + name, 1, "{}", asked, total or self._total, held)
        row = await self._connection.fetchrow(RENEW, *values, [LONG_AGO] * give, waits, term, turn)
        self.held[name] = row["kept"] + len(row["last_uses"])
        account: Any = (row["moment"], row["epoch"], row["state"], row["since"], row["paused_until"])
        return ShareGrant(
            account=account,
            asked=row["asked"],
            total=row["total"],
            kept=row["kept"],
            last_uses=tuple(row["last_uses"]),
            release=row["release"],
        )

    async def settle(self, names: str) -> dict[str, int]:
        """Let members wait and give up what they are told to, until nothing changes; return what each holds."""
        told = dict.fromkeys(names, 0)
        for _ in range(4):
            for name in names:
                told[name] = (await self.renew(name, give=told[name])).release
        return {name: self.held[name] for name in names}


@pytest.fixture
async def connection() -> AsyncIterator[Any]:
    """Open a connection to a database that has the rates."""
    async with open_shared_rates(location()):
        connection = await asyncpg.connect(address_of_session())
        yield connection
        await connection.close()


async def test_members_that_wait_have_as_many_shares_as_each_other(connection: Any) -> None:
    """Within one, whoever came first; and never more than there are."""
    members = Members(connection, 5)
    found = [await members.settle("abcdef"[:count]) for count in (1, 2, 3, 4, 5)]

    assert [sorted(each.values()) for each in found] == [[5], [2, 3], [1, 2, 2], [1, 1, 1, 2], [1] * 5]


async def test_members_take_turns_when_there_are_fewer_shares(connection: Any) -> None:
    """Who has had the share for a turn gives it to the one that has waited longest."""
    members, holders = Members(connection, 1), list[str]()
    for name in "abc":
        await members.renew(name)
    told = dict.fromkeys("abc", 0)
    for _ in range(9):
        for name in "abc":
            told[name] = (await members.renew(name, give=told[name], turn=0.0)).release
        holders += [name for name, held in members.held.items() if held]

    assert sum(members.held.values()) <= 1
    assert set(holders) == set("abc")


async def test_a_member_that_does_not_wait_gets_nothing_and_keeps_what_it_uses(connection: Any) -> None:
    """The others may have the rest."""
    members = Members(connection, 5)
    await members.renew("a")
    await members.renew("a", give=3, waits=False)
    await members.renew("b")
    idle = await members.renew("c", waits=False)

    assert members.held == {"a": 2, "b": 3, "c": 0}
    assert idle.last_uses == ()


async def test_shares_of_a_member_that_is_gone_are_used_by_others_a_second_later(connection: Any) -> None:
    """They count as used until the end of its term; when it comes back, it has none."""
    members = Members(connection, 5)
    await members.renew("a", term=0.0)

    taken = await members.renew("b")
    members.held["a"] = 5
    back = await members.renew("a")

    assert len(taken.last_uses) == 5
    assert all(0 <= taken.account[0] - use < 5 for use in taken.last_uses)  # type: ignore[index]
    assert (back.kept, back.last_uses) == (0, ())


async def test_a_lower_rate_has_fewer_shares_and_a_higher_one_new_ones(connection: Any) -> None:
    """Nobody gets one before the others have given theirs up; a new one counts as used just now."""
    members = Members(connection, 5)
    assert await members.settle("ab") == {"a": 3, "b": 2}

    told = [(await members.renew(name, total=3)).release for name in "ab"]
    for name, release in zip("ab", told, strict=True):
        await members.renew(name, give=release, total=3)
    fewer = dict(members.held)
    grown = [await members.renew(name, total=5) for name in "abab"]

    assert sum(fewer.values()) == 3
    assert sum(members.held.values()) == 5
    assert all(each.account[0] - use < 5 for each in grown for use in each.last_uses)  # type: ignore[index]


async def test_all_members_know_the_lowest_rate(connection: Any) -> None:
    """That is what the account is called at while a slower job is at work."""
    members = Members(connection, 5)
    await members.renew("a", asked=5.0)
    await members.renew("b", asked=2.0)
    both = await members.renew("a", asked=5.0)
    await members.renew("b", asked=2.0, waits=False, give=members.held["b"], term=0.0)

    assert both.asked == 2.0
    assert (await members.renew("a", asked=5.0)).asked == 5.0


async def test_two_workers_together_keep_the_rate_of_one() -> None:
    """At 40/s, in every second and on average, and each has its part."""
    starts = [list[float](), list[float]()]
    async with workers(2, 40, f"AC-{uuid4().hex}") as pacers:
        sending = [asyncio.create_task(keep_starting(*each)) for each in zip(pacers, starts, strict=True)]
        await until(lambda: sum(map(len, starts)) > 140)
        for task in sending:
            task.cancel()

    together = sorted(starts[0] + starts[1])
    later = [moment for moment in together if moment > together[0] + 1]
    assert min(end - begin for begin, end in zip(together, together[40:], strict=False)) >= 0.99
    assert len(later) / (later[-1] - later[0]) == pytest.approx(40, rel=0.15)
    assert min(map(len, starts)) > 20


async def test_a_429_of_one_worker_is_heard_by_another_at_once() -> None:
    """It pauses and slows down, too, without asking."""
    account = f"AC-{uuid4().hex}"
    async with workers(2, 20, account) as pacers:
        starts = list[float]()
        sending = [asyncio.create_task(keep_starting(pacer, starts)) for pacer in pacers]
        await until(lambda: all(pacer.held for pacer in pacers))
        began = time.monotonic()
        pacers[0].on_throttled(30.0)
        await until(lambda: pacers[1].paused_for)
        heard_s = time.monotonic() - began
        rates = [pacer.target_rate for pacer in pacers]
        for task in sending:
            task.cancel()

    assert heard_s < 0.4
    assert rates == [20, 20]
    assert pacers[1].rate < 20


async def test_starts_go_on_when_connections_were_ended() -> None:
    """They go on beyond the term of the shares: others are made."""
    account, starts = f"AC-{uuid4().hex}", list[float]()
    async with workers(1, 50, account) as (pacer,):
        sending = asyncio.create_task(keep_starting(pacer, starts))
        await until(lambda: len(starts) > 10)
        await asyncio.to_thread(
            query_postgres,
            address_of_session(),
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'provisioner'",
        )
        ended = time.monotonic()
        await until(lambda: starts[-1] > ended + 3.5)
        sending.cancel()


@pytest.fixture(scope="module")
def new_server() -> Iterator[str]:
    """Start a server of its own; skip the test where there is none."""
    address_of_session()
    with postgres_server() as address:
        yield address


async def test_many_open_the_rates_of_a_new_database_at_once(new_server: str) -> None:
    """One creates the schema, and the others wait for it."""
    query_postgres(new_server, "DROP SCHEMA IF EXISTS provisioner CASCADE", is_writing=True)

    async def opened() -> bool:
        async with open_shared_rates(location(new_server)) as rates:
            return rates is not None

    assert all(await asyncio.gather(*(opened() for _ in range(4))))


async def test_a_newer_version_of_the_rates_is_refused(new_server: str) -> None:
    """This program does not know what its tables mean."""
    async with open_shared_rates(location(new_server)):
        query_postgres(new_server, "INSERT INTO provisioner.versions VALUES (2)", is_writing=True)

    with pytest.raises(LedgerError, match="newer version"):
        await open_shared_rates(location(new_server)).__aenter__()
    query_postgres(new_server, "DELETE FROM provisioner.versions WHERE version = 2", is_writing=True)


async def test_another_user_needs_rights_to_the_tables_only(new_server: str) -> None:
    """The error says which; with them, it shares the rates that somebody else's job has made."""
    guest = new_server.replace("postgres@", "guest@")
    async with open_shared_rates(location(new_server)):
        query_postgres(new_server, "CREATE ROLE guest LOGIN", is_writing=True)

    with pytest.raises(LedgerError, match="no right to the rates") as raised:
        await open_shared_rates(location(guest)).__aenter__()
    for statement in str(raised.value.cure).partition(": ")[2].replace("USER_NAME", "guest").split("; "):
        query_postgres(new_server, statement, is_writing=True)
    async with open_shared_rates(location(guest)) as rates:
        assert rates is not None
        pacer = SharedPacer(Rate(per_second=5), rates.rate_of(f"AC-{uuid4().hex}"))
        async with pacer.reserve() as gate:
            await gate.wait()


async def test_rates_that_cannot_be_used_any_more_end_the_work(new_server: str) -> None:
    """What shares them is cancelled, and the error says why."""

    async def share() -> None:
        async with open_shared_rates(location(new_server)) as rates:
            assert rates is not None
            SharedPacer(Rate(per_second=5), rates.rate_of("AC1"))
            await asyncio.to_thread(query_postgres, new_server, "DROP SCHEMA provisioner CASCADE", is_writing=True)
            await asyncio.Event().wait()

    with pytest.raises(LedgerError, match=r"cannot be used|not those of a ledger"):
        await asyncio.wait_for(share(), 60)


async def test_a_file_has_no_shared_rates() -> None:
    """A run with it keeps a rate of its own."""
    async with open_shared_rates(LedgerLocation("job.ledger")) as rates:
        assert rates is None


async def test_leaving_that_is_cancelled_closes_the_connection() -> None:
    """The share then expires by itself."""
    connection = await open_connection(location().postgres_address())
    rates = PostgresRates(location().postgres_address(), connection)
    rates.rate_of("AC" + 32 * "7").join(cast("Any", None))  # its share is never asked for
    leaving = asyncio.create_task(rates.leave())
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait([leaving])

    assert leaving.cancelled()
    assert connection.is_closed()
