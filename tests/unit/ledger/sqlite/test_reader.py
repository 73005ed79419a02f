"""What is read from a ledger: the results in every state of a job, from any thread, while a run writes."""

import asyncio
from pathlib import Path
from threading import Thread

from msgspec import structs

from provisioner.ledger.sqlite.ledger import open_sqlite_ledger
from provisioner.ledger.sqlite.reader import open_sqlite_reader
from provisioner.models import Counts, Fingerprint, Result, Status
from tests.ledger_samples import CREATED, INPUT, NO_SID, SETTINGS, TOO_LONG, claim_all, entries, entry, send

BLANK = Result(
    row=0,
    line=0,
    source="customers.csv",
    key=None,
    status="",
    conversation_sid=None,
    identity=None,
    error_code=None,
    error=None,
    http_status=None,
    attempts=0,
    twilio_request_id=None,
    settled_at=None,
    latency_ms=None,
    message_sid=None,
)


async def make_every_kind(path: Path) -> None:
    """Make a job with a row in every state."""
    ends = [Status.CREATED, Status.REJECTED, Status.UNSENT, Status.UNKNOWN, Status.IN_FLIGHT, Status.PENDING]
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan([*entries("abcdefg"), entry(8, "h", "h", NO_SID)], INPUT)
        for claim, status in zip(await claim_all(ledger), ends, strict=False):
            await send(ledger, claim, status)


async def test_the_results_say_of_every_record_what_became_of_it(path: Path) -> None:
    """One line for each record in input order, whole down to the last column."""
    await make_every_kind(path)

    with open_sqlite_reader(path) as reader:
        results = list(reader.results())

    epoch = "1970-01-01T00:00:"
    stopped = structs.replace(
        BLANK, status="unsent", error_code="stopped", error="not sent yet: the same command sends it"
    )
    assert results == [
        structs.replace(
            BLANK,
            row=1,
            line=2,
            key="a",
            status="created",
            conversation_sid=CREATED.conversation_sid,
            identity="wc-1",
            http_status=201,
            attempts=1,
            twilio_request_id=CREATED.twilio_request_id,
            settled_at="2023-11-14T22:13:20.500Z",
            latency_ms=250.0,
        ),
        structs.replace(
            BLANK,
            row=2,
            line=3,
            key="b",
            status="rejected",
            error_code="45745",
            error="invalid parameters",
            http_status=400,
            attempts=1,
            settled_at=f"{epoch}02.000Z",
            latency_ms=500.0,
        ),
        structs.replace(
            BLANK,
            row=3,
            line=4,
            key="c",
            status="unsent",
            error_code="45780",
            error="the limit of 5 a second",
            http_status=429,
            attempts=1,
            settled_at=f"{epoch}02.000Z",
            latency_ms=500.0,
        ),
        structs.replace(
            BLANK,
            row=4,
            line=5,
            key="d",
            status="unknown",
            error_code="timeout",
            error="no answer in 30 s",
            attempts=1,
            settled_at=f"{epoch}31.500Z",
            latency_ms=30_000.0,
        ),
        structs.replace(
            BLANK,
            row=5,
            line=6,
            key="e",
            status="unknown",
            error_code="interrupted",
            error="the request may have left, and no answer was recorded",
            attempts=1,
        ),
        structs.replace(stopped, row=6, line=7, key="f", attempts=1),
        structs.replace(stopped, row=7, line=8, key="g"),
        structs.replace(
            BLANK,
            row=8,
            line=9,
            key="h",
            status="invalid",
            error_code="invalid_row",
            error="address_sid: is missing",
        ),
    ]


async def test_the_short_form_says_the_same(path: Path) -> None:
    """Row, status, error code and error are those of the results."""
    await make_every_kind(path)

    with open_sqlite_reader(path) as reader:
        short = list(reader.statuses())
        long = [(line.row, line.status, line.error_code, line.error) for line in reader.results()]

    assert short == long
    assert short[1].status == "rejected"


async def test_counts_and_errors_are_those_of_the_rows(path: Path) -> None:
    """Counts tell pending and in flight apart, which the results show as what they would end as."""
    await make_every_kind(path)

    with open_sqlite_reader(path) as reader:
        counts, errors = reader.counts(), reader.error_counts()

    assert counts == Counts(input=8, created=1, rejected=1, unsent=1, unknown=1, in_flight=1, pending=2, invalid=1)
    assert counts.is_balanced
    assert errors == [
        ("unsent", "stopped", 2),
        ("invalid", "invalid_row", 1),
        ("rejected", "45745", 1),
        ("unknown", "interrupted", 1),
        ("unknown", "timeout", 1),
        ("unsent", "45780", 1),
    ]


async def test_only_so_many_invalid_rows_are_read_as_asked_for(path: Path) -> None:
    """A limit ends the list; without one it is whole."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan([entry(row, "", None, TOO_LONG) for row in range(1, 6)], INPUT)

    with open_sqlite_reader(path) as reader:
        found = {limit: [row.row for row in reader.invalid(limit)] for limit in (0, 2, 9, None)}

    assert found == {0: [], 2: [1, 2], 9: [1, 2, 3, 4, 5], None: [1, 2, 3, 4, 5]}


async def test_a_fresh_ledger_is_empty_to_its_readers(path: Path) -> None:
    """Before the first plan there is nothing to see, and no error."""
    async with open_sqlite_ledger(path, SETTINGS, version="1"):
        with open_sqlite_reader(path) as reader:
            assert (reader.counts(), reader.fingerprints(), reader.runs()) == (Counts(), [], [])
            assert list(reader.results()) == []


async def test_fingerprints_are_those_of_the_plan(path: Path) -> None:
    """The input files in their order."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan([], [Fingerprint("b.csv", 1, "x"), Fingerprint("a.csv", 2, "y")])

    with open_sqlite_reader(path) as reader:
        assert reader.fingerprints() == [Fingerprint("b.csv", 1, "x"), Fingerprint("a.csv", 2, "y")]


async def test_a_long_answer_is_of_one_moment(path: Path) -> None:
    """Rows settled while the results are read do not show half-way through them."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries(f"k-{row}" for row in range(3_000)), INPUT)
        claims = await claim_all(ledger)
        with open_sqlite_reader(path) as reader:
            results = reader.results()
            first = next(results)
            for claim in claims[-3:]:
                await send(ledger, claim, Status.CREATED)
            statuses = {first.status, *(line.status for line in results)}
            again = {line.status for line in reader.results()}

    assert statuses == {"unsent"}
    assert again == {"unsent", "created"}


async def test_a_run_writes_on_while_it_is_read(path: Path) -> None:
    """Many looks during many writes disturb nobody, and every look is balanced."""
    looks: list[Counts] = []
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries(f"k-{row}" for row in range(200)), INPUT)
        claims = await claim_all(ledger)

        def look() -> None:
            with open_sqlite_reader(path) as reader:
                looks.extend(reader.counts() for _ in range(50))

        looking = asyncio.create_task(asyncio.to_thread(look))
        await asyncio.gather(*(send(ledger, claim, Status.CREATED) for claim in claims))
        await looking

    assert all(counts.is_balanced and counts.input == 200 for counts in looks)


async def test_a_reader_may_be_used_from_another_thread(path: Path) -> None:
    """Whoever writes the results need not be who opened the ledger."""
    await make_every_kind(path)
    counts: list[Counts] = []

    with open_sqlite_reader(path) as reader:
        thread = Thread(target=lambda: counts.append(reader.counts()))
        thread.start()
        thread.join()

    assert counts[0].input == 8


async def test_a_reader_cannot_write(path: Path) -> None:
    """The connection refuses, whatever the statement."""
    await make_every_kind(path)

    with open_sqlite_reader(path) as reader:
        ((is_read_only,),) = reader._connection.execute("PRAGMA query_only").fetchall()

    assert is_read_only
