"""Twilio cannot be reached: no row is spent on trying, and the run goes on by itself, or ends and says why."""

import signal
import time
from urllib.parse import urlsplit

import pytest

from tests.acceptance.program import CREDENTIALS, Program
from tests.raw_server import Visit, answering, free_port, raw_server, reply
from tests.relays import connect_proxy, tcp_relay
from tests.stub_twilio import Answer, Call, StubMaker, StubTwilio, hanging_up
from tests.tls import Authority

pytestmark = pytest.mark.acceptance

RUN = ("run", "customers.csv", "-o", "results.csv", "--key", "crm_id", "--rate", "200/s")
PAUSED = "paused: Twilio cannot be reached, next try in "


def port_of(server: StubTwilio) -> int:
    """Return where a stub listens."""
    return urlsplit(server.url).port or 0


async def test_a_run_waits_for_a_twilio_that_comes_up_and_then_sends_every_row_once(
    program: Program, twilio: StubMaker
) -> None:
    """One request at a time tries; no row has an attempt more for it."""
    server, port = await twilio(), free_port()
    program.write_customers("customers.csv", 30)

    running = await program.start(
        *RUN, "--base-url", f"http://127.0.0.1:{port}", "--canary", "0", "--json", env=CREDENTIALS
    )
    first = await running.says(PAUSED)
    await running.says(f"{PAUSED}2 s")
    async with tcp_relay(port_of(server), own_port=port):
        ended = await running.end()

    assert first == f"{PAUSED}1 s (127.0.0.1 cannot be reached: Connection refused)"
    assert "Twilio is reached again after " in ended.stderr
    assert (ended.code, ended.summary["created"]) == (0, 30)
    assert 1 <= ended.summary["unreachable_s"] < 10
    assert {row["attempts"] for row in program.results()} == {"1"}
    assert set(server.created.values()) == {1}


async def test_an_outage_in_the_middle_costs_its_time_and_no_row(program: Program, twilio: StubMaker) -> None:
    """The connections go away and nobody listens for a second: the run pauses, and sends the rest afterwards."""
    server, port = await twilio(), free_port()
    program.write_customers("customers.csv", 300)

    async with tcp_relay(port_of(server), own_port=port):
        running = await program.start(
            *RUN, "--base-url", f"http://127.0.0.1:{port}", "--rate", "50/s", env=CREDENTIALS
        )
        await server.called(50)
    await running.says(PAUSED)
    async with tcp_relay(port_of(server), own_port=port):
        ended = await running.end()

    unknown = ended.counts.get("unknown", 0)
    assert ended.counts.get("created", 0) + unknown == 300
    assert set(server.created.values()) == {1}
    assert unknown <= 16  # what had left when the connections were cut


async def test_a_twilio_that_stays_away_ends_the_run_with_7_and_the_same_command_goes_on(
    program: Program, twilio: StubMaker
) -> None:
    """Results are written, every row is unsent without an attempt, and the next run sends them."""
    server = await twilio()
    program.write_customers("customers.csv", 3)

    first = await program(
        *RUN, "--base-url", f"http://127.0.0.1:{free_port()}", "--give-up", "1s", env=CREDENTIALS
    )
    rows = program.results()
    second = await program(*RUN, "--base-url", server.url, "--give-up", "1s", env=CREDENTIALS)

    assert (first.code, first.counts) == (7, {"unsent": 3})
    assert (
        "error: Twilio was out of reach for 1 s: 127.0.0.1 cannot be reached: Connection refused" in first.stderr
    )
    assert first.stdout.splitlines()[-1].startswith("next:    provisioner run customers.csv -o results.csv")
    assert [(row["status"], row["attempts"]) for row in rows] == [("unsent", "0")] * 3
    assert (second.code, second.counts) == (0, {"created": 3})


async def test_a_stop_during_the_pause_works_at_once(program: Program) -> None:
    """Ctrl-C and --max-duration do not wait for the next try."""
    program.write_customers("customers.csv", 3)
    command = (*RUN, "--base-url", f"http://127.0.0.1:{free_port()}")

    running = await program.start(*command, env=CREDENTIALS)
    await running.says(f"{PAUSED}4 s")
    began = time.monotonic()
    running.signal(signal.SIGINT)
    stopped = await running.end()
    took_s = time.monotonic() - began
    timed = await program(*command, "--max-duration", "1.5s", env=CREDENTIALS)

    assert (stopped.code, stopped.counts) == (130, {"unsent": 3})
    assert took_s < 2.5
    assert timed.counts == {"unsent": 3}
    assert "--max-duration 1.5s is over" in timed.stdout + timed.stderr


async def proxy_asks_who_we_are(visit: Visit) -> None:
    """Refuse to connect without credentials."""
    await visit.reader.readuntil(b"\r\n\r\n")
    await visit.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")


async def test_a_fault_that_waiting_does_not_cure_stops_the_run_at_once(program: Program) -> None:
    """A proxy that wants credentials: exit 6 with the cure, after one connection and without a pause."""
    program.write_customers("customers.csv", 3)

    async with raw_server(proxy_asks_who_we_are) as proxy:
        ended = await program(*RUN, "--proxy", proxy.url.replace("https", "http"), "--yes", env=CREDENTIALS)

    assert (ended.code, ended.counts) == (6, {"unsent": 3})
    assert "error: the proxy does not connect us (HTTP 407)" in ended.stderr
    assert "check --proxy" in ended.stderr
    assert PAUSED not in ended.stderr
    assert proxy.connections == 1


async def test_a_proxy_that_cannot_reach_twilio_is_waited_for(program: Program) -> None:
    """A 502 of the proxy may pass, so it is a pause and in the end a 7."""
    program.write_customers("customers.csv", 3)

    async with connect_proxy() as proxy:
        ended = await program(
            *(*RUN, "--proxy", proxy.url, "--base-url", f"https://127.0.0.1:{free_port()}", "--give-up", "0.5s"),
            env=CREDENTIALS,
        )

    assert (ended.code, ended.counts) == (7, {"unsent": 3})
    assert f"{PAUSED}0.5 s (the proxy does not connect us (HTTP 502)" in ended.stderr


async def test_reconcile_and_close_wait_and_give_up_in_the_same_way(program: Program, twilio: StubMaker) -> None:
    """Neither settles anything without an answer; both end with what is worst: unknown rows, or 7."""

    def lose_the_second(twilio: StubTwilio, call: Call) -> Answer:
        return hanging_up if call.number == 2 else twilio.create(call)

    server = await twilio(lose_the_second)
    program.write_customers("customers.csv", 3)
    await program(*RUN, "--base-url", server.url, "--on-unknown", "hold", env=CREDENTIALS)
    away = ("--base-url", f"http://127.0.0.1:{free_port()}", "--give-up", "0.5s")

    looked_up = await program("reconcile", "results.csv.ledger", *away, "--settle-delay", "0", env=CREDENTIALS)
    audited = await program("reconcile", "results.csv.ledger", *away, "--audit", env=CREDENTIALS)
    closed = await program("close", "results.csv", *away, "--yes", env=CREDENTIALS)

    for ended in (looked_up, audited, closed):
        assert f"{PAUSED}0.5 s" in ended.stderr
        assert "error: Twilio was out of reach for 0." in ended.stderr
    assert (looked_up.code, audited.code) == (5, 7)
    assert looked_up.counts == {"created": 2, "unknown": 1}
    assert closed.code == 5  # of the rows that it cannot close, one is unknown


async def test_a_load_test_holds_no_arrival_back(program: Program) -> None:
    """There a failed connection counts as an attempt; one that never reaches Twilio ends with 7 before long."""
    program.write_customers("customers.csv", 9)

    ended = await program(
        *("load", "customers.csv", "-o", "results.csv", "--base-url", f"http://127.0.0.1:{free_port()}"),
        *("--rate", "20/s", "--canary", "0"),
        env=CREDENTIALS,
    )

    assert PAUSED not in ended.stderr
    assert ended.code == 7
    assert "Twilio was never reached" in ended.stderr
    assert [row["status"] for row in program.results()] == ["unsent"] * 9


async def test_a_login_page_in_twilios_place_stops_every_command_at_its_first_request(
    program: Program, twilio: StubMaker, authority: Authority
) -> None:
    """Over https as well: exit 6 names server, answer and cure, nothing of the page; what is in doubt stays so."""

    def lose_the_second(twilio: StubTwilio, call: Call) -> Answer:
        return hanging_up if call.number == 2 else twilio.create(call)

    server = await twilio(lose_the_second)
    program.write_customers("customers.csv", 3)
    await program(*RUN, "--base-url", server.url, "--on-unknown", "hold", env=CREDENTIALS)
    page = reply(200, b"<html>Welcome, Customer 1</html>", "Content-Type: text/html")

    async with raw_server(answering(page), tls=authority.server()) as portal:
        there = program.trusting(authority.bundle)
        base = ("--base-url", portal.url)
        ends = [
            await there("run", "customers.csv", "-o", "new.csv", "--rate", "200/s", *base, env=CREDENTIALS),
            await there("load", "customers.csv", "-o", "load.csv", "--rate", "200/s", *base, env=CREDENTIALS),
            await there("reconcile", "results.csv.ledger", *base, "--settle-delay", "0", env=CREDENTIALS),
            await there("reconcile", "results.csv.ledger", *base, "--audit", env=CREDENTIALS),
            await there("close", "results.csv", *base, "--concurrency", "1", "--yes", env=CREDENTIALS),
        ]

    assert [ended.code for ended in ends] == [6] * 5
    for ended in ends:
        message = (
            "error: 127.0.0.1 answered what Twilio's API does not (HTTP 200, text/html)\n  check --base-url, "
        )
        assert message in ended.stderr
        assert "Welcome" not in ended.stdout + ended.stderr
    assert ends[0].counts == {"unknown": 1, "unsent": 2}
    assert ends[2].counts == {"created": 2, "unknown": 1}
    assert len(portal.requests) <= 5 * 2
