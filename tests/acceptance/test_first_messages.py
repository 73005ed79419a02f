"""Messages of the real program: after faults and a kill, each once in its conversation, in their order."""

import json
import signal

import pytest

from tests.acceptance.program import CREDENTIALS, Program, read_csv
from tests.acceptance.simulator_process import SimulatorMaker

pytestmark = pytest.mark.acceptance

FAULTS = (
    "message_reset",
    "message_reset_after_create",
    "message_null_sid",
    "message_error_500",
    "message_error_500_created",
    "message_throttled",
)
RUN = ("run", "customers.csv", "-o", "results.csv", "--key", "crm_id", "--settle-delay", "0.3", "--rate", "80/s")


async def test_every_conversation_has_exactly_one_message(program: Program, simulator: SimulatorMaker) -> None:
    """200 rows, faults at a tenth of the messages, kill -9 in the middle: the same command makes it whole."""
    faults = [flag for name in FAULTS for flag in ("--fault", f"{name}=2")]
    server = await simulator("--rate-limit", "0", "--latency", "20ms", "--seed", "11", *faults)
    program.write_customers("customers.csv", 200)
    command = (*RUN, "--base-url", server.url, "--first-message", "Hello, I am {CustomerFriendlyName}")

    for goal in (50, 120):
        running = await program.start(*command, env=CREDENTIALS)
        while (await server.state())["messages"]["requests"] < goal:
            pass
        running.process.kill()
        assert (await running.end()).code == -signal.SIGKILL
    finished = await program(*command, env=CREDENTIALS)

    state, conversations = await server.state(), await server.conversations()
    assert (finished.code, finished.counts) == (0, {"created": 200})
    assert "messages 200 = posted 200 + rejected 0 + unknown 0 + unsent 0" in finished.stdout.splitlines()
    assert sum(state["faults"].values()) >= 10
    assert len(conversations) == state["messages"]["posted"] == state["messages"]["flows_started"] == 200
    assert {each["messages"] for each in conversations} == {1}
    said = {each["sid"]: each for each in conversations}
    for row in program.results():
        conversation = said[row["conversation_sid"]]
        assert row["message_sid"] == conversation["message_sids"][0]
        assert conversation["first_message"] == f"Hello, I am Customer {row['row']}"
        assert row["error_code"] == ""


async def test_a_message_that_was_in_flight_at_a_kill_is_looked_for(
    program: Program, simulator: SimulatorMaker
) -> None:
    """Nobody knows what became of it, so the next run says so, and looks before it posts."""
    server = await simulator("--rate-limit", "0", "--fault", "message_stall=100")
    program.write_customers("customers.csv", 1)
    command = (*RUN, "--base-url", server.url, "--first-message", "Hello")

    running = await program.start(*command, env=CREDENTIALS)
    while not (await server.state())["messages"]["posted"]:
        pass
    running.process.kill()
    await running.end()
    finished = await program(*command, env=CREDENTIALS)

    assert "1 unknown to look up" in finished.stderr
    assert finished.code == 0
    assert (await server.state())["messages"] == {"requests": 1, "posted": 1, "flows_started": 1}
    (row,) = program.results()
    assert row["message_sid"] == (await server.conversations())[0]["message_sids"][0]


async def test_a_chat_goes_on_in_its_middle_after_a_kill(program: Program, simulator: SimulatorMaker) -> None:
    """Messages of old chats that are alike, faults, kill -9 twice: the chat is whole and in its order."""
    faults = [flag for name in FAULTS for flag in ("--fault", f"{name}=1")]
    server = await simulator("--rate-limit", "0", "--latency", "20ms", "--seed", "11", *faults)
    program.write_customers("customers.csv", 3)
    said = ["Hi", "Hi", "Is anybody there?", "Hi"] * 10
    keys = [row["crm_id"] for row in read_csv(program.folder / "customers.csv")]
    lines = [
        {"key": key, "author": "Ann", "body": text, "date": "2025-03-01T10:00:00Z"}
        for key in keys
        for text in said
    ]
    program.write("history.jsonl", "".join(f"{json.dumps(line)}\n" for line in lines))
    asked = ("--base-url", server.url, "--history", "history.jsonl", "--first-message", "Hello")

    for goal in (25, 70):
        running = await program.start(*RUN, *asked, env=CREDENTIALS)
        while (await server.state())["messages"]["requests"] < goal:
            pass
        running.process.kill()
        assert (await running.end()).code == -signal.SIGKILL
    finished = await program(*RUN, *asked, env=CREDENTIALS)

    assert (finished.code, finished.counts) == (0, {"created": 3})
    assert "history 120 = posted 120 + rejected 0 + unknown 0 + unsent 0" in finished.stdout.splitlines()
    conversations = await server.conversations()
    assert [each["message_bodies"] for each in conversations] == [[*said, "Hello"]] * 3
    assert [each["webhook_messages"] for each in conversations] == [1, 1, 1]


async def test_a_message_that_is_too_long_is_found_before_anything_is_sent(program: Program) -> None:
    """A check knows the template as well, and names the column that it comes from."""
    program.write("customers.csv", f"crm_id,CustomerFriendlyName,Question\nC-1,Ana,{'x' * 33_000}\nC-2,Bo,Why?\n")

    checked = await program("check", "customers.csv", "--first-message", "{Question}", env=CREDENTIALS)

    assert "rows 2 = valid 1 + invalid 1" in checked.stdout
    assert "first_message (column 'Question'): is 33000 bytes, at most 32768 are allowed" in checked.stdout
