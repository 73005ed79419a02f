"""What is on stderr: one format for all of it, and one time zone."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

from tests.acceptance.program import CREDENTIALS, Ended, Program
from tests.stub_twilio import Answer, Call, StubMaker, StubTwilio, error, obliging

RUN = ("run", "customers.csv", "-o", "results.csv", "--key", "crm_id", "--rate", "5", "--yes")
EVENTS = ("--log-format", "json")


def some_refused(twilio: StubTwilio, call: Call) -> Answer:
    """Refuse every second request."""
    return obliging(twilio, call) if call.number % 2 else error(400, 45715)


def events(ended: Ended) -> list[dict[str, Any]]:
    """Return the lines of stderr; fail if one of them is no event, or has no time in UTC."""
    found = [json.loads(line) for line in ended.stderr.splitlines()]
    assert all(datetime.fromisoformat(each["timestamp"]).utcoffset() is not None for each in found)
    assert all(each["timestamp"].endswith("Z") and each["level"] and each["event"] for each in found)
    return found


async def test_with_the_json_format_every_line_on_stderr_is_an_event(program: Program, twilio: StubMaker) -> None:
    """The plan, its notes, the log, and the error of a run, of a mistake, and of a line that was mistyped."""
    server = await twilio(some_refused)
    program.write("customers.csv", "crm_id,CustomerFriendlyName,Other\n1,Ana,x\n2,Ben,x\n3,Cleo,x\n")
    base = ("--base-url", server.url)

    ran = await program(*EVENTS, *RUN, *base, "--max-failures", "1", env=CREDENTIALS)
    piped = await program(*EVENTS, *RUN[:3], "-", "--ledger", "a.ledger", "--yes", *base, env=CREDENTIALS)
    mistaken = await program(*EVENTS, "run", "missing.csv", "-o", "x.csv", env=CREDENTIALS)
    mistyped = await program("run", "--nonsense", env={**CREDENTIALS, "PROVISIONER_LOG_FORMAT": "json"})

    told = events(ran)
    assert [each["event"] for each in told[:3]] == ["plan.made", "note.given", "run.started"]
    assert (told[0]["rows"], told[0]["to_send"], told[0]["finishes_at"][-1]) == (3, 3, "Z")
    assert told[1]["message"] == "columns that are not used: Other"
    assert {each["event"] for each in told} >= {"row.rejected", "run.finished", "command.failed"}
    assert len({each["run_id"] for each in told}) == 1
    assert (ran.code, told[-1]["event"], told[-1]["exit_code"]) == (6, "command.failed", 6)
    assert "input 3 = " in ran.stdout
    assert events(piped)[-1]["event"] == "command.finished"
    assert events(piped)[-1]["input"] == 3
    assert piped.stdout.startswith("row,line,")
    for ended in (mistaken, mistyped):
        last = events(ended)[-1]
        assert (ended.code, last["event"], last["exit_code"], bool(last["cure"])) == (2, "command.failed", 2, True)
        assert ended.stdout == ""


async def test_the_summary_holds_the_notes_of_the_plan(program: Program, twilio: StubMaker) -> None:
    """A program reads them from --json, whatever the log looks like."""
    server = await twilio(obliging)
    program.write("customers.csv", "crm_id,CustomerFriendlyName,Other\n1,Ana,x\n")

    ended = await program(*RUN, "--base-url", server.url, "--json", env=CREDENTIALS)

    assert ended.summary["plan_notes"] == ["columns that are not used: Other"]
    assert ended.summary["notes"] == []


async def test_all_times_are_shown_in_one_zone_with_its_offset(program: Program, twilio: StubMaker) -> None:
    """The plan, the log and status have that of --tz; JSON and the results have UTC."""
    server = await twilio(some_refused)
    program.write_customers("customers.csv", 3)
    zone = ("--tz", "Asia/Kolkata")
    run = (*RUN[:6], "--rate", "100", "--yes", "--base-url", server.url, *zone)

    ran = await program("--log-format", "console", *run, env=CREDENTIALS)
    status = await program("status", "results.csv", *zone)
    checked = await program("check", "customers.csv", *zone, "--json", env=CREDENTIALS)
    elsewhere = await program("check", "customers.csv", "--tz", "Mars/Olympus")

    shown = [*re.findall(r"\d\d:\d\d:\d\d\S*", ran.stderr), *re.findall(r"\d\d:\d\d:\d\d\S*", status.stdout)]
    assert len(shown) >= 6
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d\+05:30;?,?", each) for each in shown)
    assert datetime.fromisoformat(checked.summary["finishes_at"]).utcoffset() == timedelta(0)
    assert all(row["settled_at"].endswith(("Z", "+00:00")) for row in program.results())
    assert elsewhere.code == 2
    assert "--tz 'Mars/Olympus' is not a time zone this machine knows" in elsewhere.stderr
