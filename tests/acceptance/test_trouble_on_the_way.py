"""What can happen to a request, and what is sent again: only what certainly was not processed."""

import time
from email.utils import formatdate

import pytest

from tests.acceptance.program import CREDENTIALS, Program
from tests.acceptance.simulator_process import SimulatorMaker
from tests.raw_server import reply
from tests.stub_twilio import (
    Answer,
    Call,
    StubMaker,
    StubTwilio,
    cutting,
    error,
    hanging_up,
    keeping_silent,
    obliging,
    per_row,
    resetting,
)

pytestmark = pytest.mark.acceptance

RUN = ("run", "customers.csv", "-o", "results.csv", "--key", "crm_id", "--rate", "200/s")

DOUBTFUL: dict[str, tuple[Answer, str]] = {
    "silence": (keeping_silent, "timeout"),
    "hang-up": (hanging_up, "connection_lost"),
    "reset": (resetting, "connection_lost"),
    "cut in the head": (cutting(b"HTTP/1.1 201 Created\r\nContent-Le"), "connection_lost"),
    "cut in the body": (cutting(b'HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{"conv'), "bad_reply"),
    "no HTTP": (cutting(b"SSH-2.0-OpenSSH_9.6\r\n"), "bad_reply"),
    "no SID": (reply(201, b'{"conversation_sid": null, "identity": null}'), "bad_reply"),
    "no JSON": (reply(201, b"created"), "bad_reply"),
    "200": (reply(200, b"{}"), "bad_reply"),
    "500": (error(500, 20500), "20500"),
    "503 of a gateway": (reply(503, b"<html></html>"), "server_error"),
}


async def test_a_doubtful_row_is_unknown_and_never_sent_again(program: Program, twilio: StubMaker) -> None:
    """Whatever goes wrong after the request left, it may have created: exit 5, and the next run sends nothing."""
    customers = dict(zip((f"Customer {number}" for number in range(2, 99)), DOUBTFUL.values(), strict=False))
    server = await twilio(per_row({name: lambda t, c: customers[c.name][0] for name in customers}))
    program.write_customers("customers.csv", len(DOUBTFUL) + 2)
    command = (*RUN, "--base-url", server.url, "--timeout", "0.5", "--on-unknown", "hold")

    first = await program(*command, env=CREDENTIALS)
    rows = program.results()
    second = await program(*command, env=CREDENTIALS)

    expected = ["", *(code for _, code in DOUBTFUL.values()), ""]
    assert dict(zip(["first", *DOUBTFUL, "last"], [row["error_code"] for row in rows], strict=True)) == dict(
        zip(["first", *DOUBTFUL, "last"], expected, strict=True)
    )
    assert first.counts == second.counts == {"created": 2, "unknown": len(DOUBTFUL)}
    assert (first.code, second.code) == (5, 5)
    assert f"{len(DOUBTFUL)} rows are unknown" in second.stdout
    assert len(server.calls) == len(DOUBTFUL) + 2
    assert all(row["attempts"] == "1" and row["identity"].startswith("wc-") for row in rows)


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_a_429_makes_everyone_wait_as_long_as_it_asks(
    program: Program, twilio: StubMaker, form: str
) -> None:
    """After a 429 nobody sends before Retry-After is over, the row goes again, and nothing is lost or doubled."""
    told: list[float] = []

    def throttle_once(twilio: StubTwilio, call: Call) -> Answer:
        if call.number != 3:
            return obliging(twilio, call)
        told.append(call.at)
        if form == "seconds":
            return error(429, 45780, "Retry-After: 2")
        now = time.time()
        date = f"Date: {formatdate(now, usegmt=True)}"
        return error(429, 45780, date, f"Retry-After: {formatdate(now + 2, usegmt=True)}")

    server = await twilio(throttle_once)
    program.write_customers("customers.csv", 12)

    ended = await program(*RUN, "--base-url", server.url, "--concurrency", "2", env=CREDENTIALS)

    later = [call for call in server.calls if call.number > 3]
    # Two were in flight at most, so one may have been on its way when the answer came.
    assert sum(call.at < told[0] + 1.9 for call in later) <= 1
    assert (ended.code, ended.counts) == (0, {"created": 12})
    assert set(server.created.values()) == {1}
    assert "1 answer was 429" in ended.stdout
    assert '"event":"pace.cut"' in ended.stderr
    assert sorted(row["attempts"] for row in program.results()) == ["1"] * 11 + ["2"]


async def test_429s_without_an_end_leave_rows_unsent(program: Program, twilio: StubMaker) -> None:
    """--max-attempts bounds the patience; 429s were never processed, so the next run may send."""
    server = await twilio(lambda _twilio, _call: error(429, 20429))
    program.write_customers("customers.csv", 1)
    command = (*RUN, "--base-url", server.url, "--max-attempts", "2")

    first = await program(*command, env=CREDENTIALS)
    row = program.results()[0]
    server.script = obliging
    second = await program(*command, env=CREDENTIALS)

    assert (first.code, first.counts) == (7, {"unsent": 1})
    assert (row["status"], row["error_code"], row["attempts"], row["http_status"]) == (
        "unsent",
        "20429",
        "2",
        "429",
    )
    assert (second.code, second.counts) == (0, {"created": 1})
    assert len(server.calls) == 3


async def test_half_creations_are_said(program: Program, twilio: StubMaker) -> None:
    """An error at the participant may leave a conversation without a customer: counted, never silent."""
    server = await twilio(per_row({"Customer 2": lambda _twilio, _call: error(400, 45715)}))
    program.write_customers("customers.csv", 3)

    ended = await program(*RUN, "--base-url", server.url, env=CREDENTIALS)

    assert ended.counts == {"created": 2, "rejected": 1}
    assert "1 attempt failed at the participant" in ended.stdout
    status = await program("status", "results.csv.ledger")
    assert "provisioner reconcile results.csv.ledger --audit lists them" in status.stdout


async def test_one_conversation_for_two_rows_creates_one(program: Program, simulator: SimulatorMaker) -> None:
    """The second row is unknown, names the first, and gets no message; on purpose, both are created."""
    server = await simulator("--rate-limit", "0", "--repeated-identity", "same")
    program.write("customers.csv", "crm_id,CustomerFriendlyName,person\n1,Ana,p-1\n2,Bo,p-2\n3,Ana,p-1\n")
    command = (*RUN, "--base-url", server.url, "--identity", "{person}", "--first-message", "Hello {crm_id}")
    settled = ("--settle-delay", "0.1", "--concurrency", "1")

    first = await program(*command, *settled, env=CREDENTIALS)
    rows, state = program.results(), await server.state()
    shared = await program(*command, *settled, "--allow-shared", env=CREDENTIALS)

    assert (first.code, first.counts) == (5, {"created": 2, "unknown": 1})
    assert rows[2]["error_code"] == "duplicate_sid"
    assert f"{rows[0]['conversation_sid']}, the conversation of row 1" in rows[2]["error"]
    assert "--allow-shared" in first.stdout
    assert (state["messages"]["posted"], state["webchats"]["requests"]) == (2, 3)
    assert (shared.code, shared.counts) == (0, {"created": 3})
    assert [row["error_code"] for row in program.results()] == ["", "", "shared"]
    assert (await server.state())["messages"]["posted"] == 3
