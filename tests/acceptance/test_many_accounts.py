"""Jobs for many accounts: each row is sent in the account that it names, and each account stands for itself."""

import asyncio
import re
import signal
from collections import Counter
from collections.abc import Sequence

import aiohttp
import pytest

from tests.acceptance.program import Program, read_csv
from tests.acceptance.simulator_process import Simulator, SimulatorMaker
from tests.stub_twilio import Answer, Call, StubMaker, StubTwilio, error, holding

pytestmark = pytest.mark.acceptance

ACCOUNTS = {"North": "AC" + 32 * "1", "South": "AC" + 32 * "2", "East": "AC" + 32 * "3"}
TOKENS = {f"TWILIO_{name.upper()}_AUTH_TOKEN": f"invented-token-of-{name}" for name in ACCOUNTS}
RUN = (
    *("--log-level", "error", "run", "customers.csv", "-o", "results.csv", "--key", "id"),
    *("--set", "customer_friendly_name={name}", "--accounts", "accounts.csv", "--settle-delay", "0.2"),
)


def write_job(
    program: Program, rows: int = 30, *, rate: str = "200/s", names: Sequence[str] = (*ACCOUNTS,)
) -> None:
    """Write the accounts, and customers who belong to them by turns."""
    lines = [f"{sid},{name},env:TWILIO_{name.upper()},IG{sid[2:]},{rate}" for name, sid in ACCOUNTS.items()]
    (program.folder / "accounts.csv").write_text(
        "\n".join(["account_sid,name,credentials,address_sid,rate", *lines, ""])
    )
    customers = [f"{row},Customer {row},{names[row % len(names)]}" for row in range(rows)]
    (program.folder / "customers.csv").write_text("\n".join(["id,name,account_sid", *customers, ""]))


async def created_in(simulator: Simulator) -> Counter[str]:
    """Return the number of conversations by the SID of their account."""
    return Counter(each["account_sid"] for each in await simulator.conversations())


async def test_each_row_is_sent_in_its_account(program: Program, simulator: SimulatorMaker) -> None:
    """With the key and the address of that account; the same command again sends nothing."""
    server = await simulator("--rate-limit", "0")
    write_job(program)
    command = (*RUN, "--base-url", server.url)

    first = await program(*command, env=TOKENS)
    again = await program(*command, env=TOKENS)

    assert (first.code, first.counts) == (0, {"created": 30})
    assert (again.code, again.counts) == (0, {"created": 30})
    assert await created_in(server) == dict.fromkeys(ACCOUNTS.values(), 10)
    for each in await server.conversations():
        assert each["address_sid"] == f"IG{each['account_sid'][2:]}"
    for name, sid in ACCOUNTS.items():
        assert f"account {sid} ({name}): 10 rows at 200/s" in first.stderr


async def test_the_live_page_draws_what_all_accounts_send(program: Program, simulator: SimulatorMaker) -> None:
    """The rate that is allowed is the sum of theirs."""
    server = await simulator("--rate-limit", "0")
    write_job(program, 300, rate="4/s")
    running = await program.start(*RUN, "--base-url", server.url, "--dashboard", "0", env=TOKENS)
    url = (await running.says("dashboard: ")).removeprefix("dashboard: ").partition("#")[0]
    await server.has_seen(30)
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        page = await answer.text()
    running.signal(signal.SIGINT)
    await running.end()

    drawn = re.search('aria-label="Rate in requests/s: allowed, started; at most ([0-9.]+), ([0-9.]+)"', page)
    assert drawn is not None, page
    assert float(drawn[1]) == 12
    assert float(drawn[2]) > 0
    assert "Latency" not in page


async def test_an_account_that_is_refused_does_not_stop_the_others(program: Program, twilio: StubMaker) -> None:
    """Its rows stay unsent, the error names it, and the same command sends them once its key is right."""
    is_refused = True

    def script(stub: StubTwilio, call: Call) -> Answer:
        if is_refused and call.credentials.startswith(ACCOUNTS["South"]):
            return error(401, 20003)
        return stub.create(call)

    server = await twilio(script)
    write_job(program)
    command = (*RUN, "--base-url", server.url)

    stopped = await program(*command, env=TOKENS)
    asked = Counter(call.credentials.partition(":")[0] for call in server.calls)
    is_refused = False
    fixed = await program(*command, env=TOKENS)

    assert (stopped.code, stopped.counts) == (6, {"created": 20, "unsent": 10})
    assert f"account {ACCOUNTS['South']}: " in stopped.stderr
    assert "check its line in --accounts" in stopped.stderr
    assert "TWILIO_ACCOUNT_SID" not in stopped.stdout + stopped.stderr
    assert asked == {ACCOUNTS["North"]: 10, ACCOUNTS["East"]: 10, ACCOUNTS["South"]: 1}
    assert (fixed.code, fixed.counts) == (0, {"created": 30})
    assert max(server.created.values()) == 1


async def test_a_guard_stops_one_account(program: Program, twilio: StubMaker) -> None:
    """Each account has its own canary and its own budget of failures."""

    def script(stub: StubTwilio, call: Call) -> Answer:
        if call.credentials.startswith(ACCOUNTS["South"]):
            return error(400, 45745)
        if call.credentials.startswith(ACCOUNTS["East"]) and int(call.name.split()[1]) > 10:
            return error(400, 45745)
        return stub.create(call)

    server = await twilio(script)
    write_job(program, 60)

    ended = await program(
        *RUN, "--base-url", server.url, "--max-failures", "3", "--concurrency", "1", "--json", env=TOKENS
    )

    told = ended.summary
    assert ended.code == 6
    assert told["error"]["message"].startswith(f"2 of 3 accounts were stopped: account {ACCOUNTS['South']}: ")
    assert told["error"]["message"].isprintable()
    by_account = Counter(
        (row["key"].partition("|")[0], row["status"]) for row in read_csv(program.folder / "results.csv")
    )
    assert by_account[ACCOUNTS["North"], "created"] == 20
    assert by_account[ACCOUNTS["South"], "rejected"] == 1
    assert by_account[ACCOUNTS["East"], "rejected"] == 3


async def test_a_limit_counts_the_rows_of_all_accounts(program: Program, simulator: SimulatorMaker) -> None:
    """The first rows of the input are sent, whatever accounts they name; the next run goes on with the others."""
    server = await simulator("--rate-limit", "0")
    write_job(program, 30, names=("North", "North", "South"))
    command = (*RUN, "--base-url", server.url)

    first = await program(*command, "--limit", "8", env=TOKENS)
    sent = await created_in(server)
    rest = await program(*command, env=TOKENS)

    assert (first.code, first.counts) == (8, {"created": 8, "unsent": 22})
    assert sent == {ACCOUNTS["North"]: 6, ACCOUNTS["South"]: 2}
    assert (rest.code, rest.counts) == (0, {"created": 30})


@pytest.mark.parametrize("key", [("--key", "id"), ()])
async def test_swapped_names_create_nobody_in_another_account(
    program: Program, simulator: SimulatorMaker, key: tuple[str, ...]
) -> None:
    """The run stops before the first request, whatever else has changed; undone, it sends what is new."""
    server = await simulator("--rate-limit", "0")
    write_job(program)
    command = [each for each in RUN if each not in {"--key", "id"}] + [*key, "--base-url", server.url]
    accounts, customers = program.folder / "accounts.csv", program.folder / "customers.csv"
    right = accounts.read_text()

    await program(*command, env=TOKENS)
    accounts.write_text(right.replace(",North,", ",-,").replace(",South,", ",North,").replace(",-,", ",South,"))
    with customers.open("a") as file:
        file.write("30,Customer 30,East\n")
    swapped = await program(*command, env=TOKENS)
    accounts.write_text(right)
    undone = await program(*command, env=TOKENS)

    assert swapped.code == 2
    assert "--replace-input" in swapped.stderr
    assert (undone.code, undone.counts) == (0, {"created": 31})
    assert await created_in(server) == {**dict.fromkeys(ACCOUNTS.values(), 10), ACCOUNTS["East"]: 11}


async def test_a_killed_job_for_many_accounts_goes_on(program: Program, simulator: SimulatorMaker) -> None:
    """What was in flight is looked up with the key of its account; nothing is created twice."""
    server = await simulator("--rate-limit", "0", "--latency", "50ms")
    write_job(program, 90, rate="20/s")
    command = (*RUN, "--base-url", server.url)

    running = await program.start(*command, env=TOKENS)
    await server.has_seen(25)
    running.process.kill()
    await running.end()
    ended = await program(*command, env=TOKENS)

    assert (ended.code, ended.counts) == (0, {"created": 90})
    assert await created_in(server) == dict.fromkeys(ACCOUNTS.values(), 30)


async def test_ctrl_c_drains_all_accounts(program: Program, twilio: StubMaker) -> None:
    """Nothing new is sent anywhere, and what is in flight is waited for."""
    is_free = asyncio.Event()
    server = await twilio(holding(is_free))
    write_job(program, 30)

    running = await program.start(
        *RUN, "--base-url", server.url, "--canary", "0", "--concurrency", "2", env=TOKENS
    )
    await server.called(6)
    running.process.send_signal(2)
    await running.says("stopping: nothing new is sent")
    is_free.set()
    ended = await running.end()

    assert (ended.code, ended.counts) == (130, {"created": 6, "unsent": 24})


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--history", "old.csv"), "--history with --accounts"),
        (("--max-open", "5"), "--max-open with --accounts"),
        (("--rebuild-from", "results.csv"), "--rebuild-from with --accounts"),
        (("--profile", "p"), "--profile with --accounts"),
    ],
)
async def test_options_of_one_account_are_refused(program: Program, flags: tuple[str, ...], told: str) -> None:
    """Before anything is opened, with the way on."""
    write_job(program)

    ended = await program(*RUN, "--base-url", "http://127.0.0.1:9", *flags, env=TOKENS)

    assert ended.code == 2
    assert told in ended.stderr
    assert not (program.folder / "results.csv.ledger").exists()
