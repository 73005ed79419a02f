"""Load tests that are judged wrongly or asked wrongly, and jobs that somebody takes over."""

import asyncio
import json
import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.ledger import LedgerLocation, open_ledger
from tests.acceptance.mistakes import contents_of, refused
from tests.acceptance.program import CREDENTIALS, Program, lines_of
from tests.acceptance.test_older_ledgers import LEDGER, unpack
from tests.raw_server import reply
from tests.stub_twilio import Call, StubMaker, StubTwilio, error, failing, hanging_up, holding, per_row

pytestmark = pytest.mark.acceptance

RUN = ("run", "customers.csv", "-o", "results.csv", "--key", "crm_id", "--rate", "100/s", "--settle-delay", "0.05")
LOAD = ("load", "customers.csv", "-o", "results.csv", "--key", "crm_id", "--settle-delay", "0.05")
MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d"


def listing(twilio: StubTwilio, call: Call) -> bytes:
    """List the conversations of all create requests with the identity in question, whatever the reply was."""
    made = [each for each in twilio.calls if each.form.get("Identity", "?") in call.target]
    found = [
        {"conversation_sid": f"CH{each.number:032x}", "participant_identity": each.form["Identity"]}
        for each in made
    ]
    return reply(200, json.dumps({"conversations": found, "meta": {}}).encode())


async def test_a_failed_load_test_is_told_alike_by_its_end_its_ledger_and_its_report(
    program: Program, twilio: StubMaker
) -> None:
    """The ledger keeps 99, and each condition stands everywhere with its figure, its bound and its verdict."""
    server = await twilio()
    program.write_customers("customers.csv", 5)
    flags = ("--fail-if", "p95(create.due) > 1m", "--fail-if", "min(create.sent) > 0.001ms", "--abort-if")

    ended = await program(
        *(*LOAD, "--base-url", server.url, "--rate", "50/s", *flags, "rate(429) > 50%"), env=CREDENTIALS
    )
    status = await program("status", "results.csv")
    reported = await program("report", LEDGER)

    verdicts = [
        *lines_of(ended.stdout, "ok  "),
        *lines_of(ended.stdout, "FAILED  "),
    ]
    page = (program.folder / "results.csv.html").read_text(encoding="utf-8")
    assert ended.code == 99
    assert reported.code == 0
    assert re.fullmatch(r"ok  p95\(create\.due\) [\d.]+ m?s \(fails above 60 s\)", verdicts[0])
    assert verdicts[1] == "ok  rate(429) 0 % (fails above 50 %)"
    assert re.fullmatch(r"FAILED  min\(create\.sent\) [\d.,]+ m?s \(fails above 0\.001 ms\)", verdicts[2])
    assert [line for line in status.stdout.splitlines() if line in verdicts] == [
        verdicts[0],
        verdicts[2],
        verdicts[1],
    ]
    assert "exit code 99: the load test failed" in status.stdout
    for verdict in verdicts:
        assert verdict.partition("  ")[2] in page
    assert ("✓ ok" in page, "✗ FAILED" in page, "<td>99</td>" in page) == (True, True, True)


async def test_a_row_that_a_look_up_found_is_no_error(program: Program, twilio: StubMaker) -> None:
    """``rate(error)`` counts rows that were not created in the end: neither a 429 nor a lost reply is one."""
    seen: set[str] = set()

    def throttled_once(server: StubTwilio, call: Call) -> bytes:
        if call.name in seen:
            return server.create(call)
        seen.add(call.name)
        return error(429, 45780)

    server = await twilio(per_row({"Customer 2": throttled_once, "Customer 3": lambda _server, _call: hanging_up}))
    server.listing = listing
    program.write_customers("customers.csv", 4)

    ended = await program(
        *(*LOAD, "--base-url", server.url, "--rate", "50/s", "--fail-if", "rate(error) > 0", "--json"),
        *("--metrics-file", "load.prom"),
        env=CREDENTIALS,
    )

    told = ended.summary
    assert (ended.code, told["created"]) == (0, 4)
    assert told["thresholds"][0]["text"] == "rate(error) 0 % (fails above 0 %)"
    assert (told["steps"]["create"]["succeeded"], told["steps"]["create"]["found"]) == (4, 1)
    assert 'provisioner_load_succeeded{step="create"} 4' in (program.folder / "load.prom").read_text()


@pytest.mark.parametrize(
    ("flags", "env", "says"),
    [
        (
            ("--fail-if", "p95 > 2s"),
            {},
            (
                "--fail-if 'p95 > 2s' names none of the steps: create or message",
                "write it like 'p95(create.due) > 2s'",
            ),
        ),
        (("--stage", "1s:2/s", "--rate", "4/s"), {}, ("--rate 4/s and --stage both say how fast", "omit --rate")),
        (
            (),
            {"PROVISIONER_LOAD_RATE": "4", "PROVISIONER_LOAD_STAGE": "1s:2/s"},
            ("--rate 4 and --stage both say", "omit --rate"),
        ),
    ],
)
async def test_a_load_test_that_is_asked_for_wrongly_is_refused(
    program: Program, flags: tuple[str, ...], env: dict[str, str], says: tuple[str, ...]
) -> None:
    """A condition without a step, and a rate beside stages that come from the same place."""
    program.write_customers("customers.csv", 3)

    await refused(program, *LOAD, "--simulate", *flags, says=says, env={**CREDENTIALS, **env})


async def test_stages_without_a_rate_and_a_rate_alone_work_as_before(program: Program) -> None:
    """The default rate beside stages is nobody's mistake, and the condition of the example is right."""
    program.write_customers("customers.csv", 4)
    condition = ("--fail-if", "p95(create.due) > 20s")

    staged = await program(*LOAD, "--simulate", "--stage", "0.1s:=20/s", *condition, env=CREDENTIALS)
    steady = await program(*LOAD, "--simulate", "--rate", "20/s", *condition, env=CREDENTIALS)

    assert (staged.code, steady.code) == (0, 0), staged.stderr + steady.stderr
    assert steady.counts == {"created": 4}


async def test_a_killed_run_is_said_to_have_died(program: Program, twilio: StubMaker) -> None:
    """``status`` says when it died, what is in doubt and why, and what to type; also for the results' name."""
    server = await twilio(holding(asyncio.Event(), after=2))
    program.write_customers("customers.csv", 6)
    command = (*RUN, "--base-url", server.url, "--concurrency", "2")

    running = await program.start(*command, env=CREDENTIALS)
    await server.called(4)
    at_work = await program("status", "results.csv")
    data = (await program("status", LEDGER, "--json")).summary
    running.process.kill()
    await running.end()
    died = await program("status", "results.csv")

    assert re.search(rf"^run 1 started {MOMENT}, .+ ago, and is at work$", at_work.stdout, re.MULTILINE)
    assert "2 rows left to send" in at_work.stdout
    assert lines_of(at_work.stdout, "next:") == []
    assert (data["run"]["phase"], data["run"]["left"], data["inputs"]) == (
        "running",
        2,
        [{"name": "customers.csv", "rows": 6}],
    )
    assert re.search(
        rf"^run 1 started {MOMENT} and died: its last attempt was at {MOMENT}$", died.stdout, re.MULTILINE
    )
    assert re.search(r"^unknown +interrupted +2\n  rows 3, 4\n", died.stdout, re.MULTILINE)
    assert "input:   customers.csv (6 rows)" in died.stdout
    assert f"account: {CREDENTIALS['TWILIO_ACCOUNT_SID']}, on this machine, not at Twilio" in died.stdout
    assert lines_of(died.stdout, "results:") == ["results: results.csv"]
    (next_line,) = lines_of(died.stdout, "next:")
    assert next_line.split()[1:4] == ["provisioner", "run", "customers.csv"]
    assert "Customer" not in died.stdout


async def test_an_ended_run_tells_its_exit_code_and_why_rows_are_not_created(
    program: Program, twilio: StubMaker
) -> None:
    """Rejected rows by reason with their numbers, unknown ones by error word, and the meaning of the code."""
    bad = {"Customer 2": failing(400, 45745), "Customer 4": lambda _server, _call: hanging_up}
    server = await twilio(per_row(bad))
    program.write_customers("customers.csv", 5)

    ended = await program(*RUN, "--base-url", server.url, "--on-unknown", "hold", env=CREDENTIALS)
    status = await program("status", LEDGER)
    elsewhere = await replace(program, folder=program.folder / "home")("status", program.folder / LEDGER)

    assert ended.code == 5
    assert re.search(
        rf"^run 1 started {MOMENT} and ended {MOMENT}\n  exit code 5: finished, and some rows",
        status.stdout,
        re.MULTILINE,
    )
    assert re.search(r"^rejected +45745 +1\n  row 2\n  Twilio ", status.stdout, re.MULTILINE)
    assert re.search(r"^unknown +connection_lost +1\n  row 4\n  ", status.stdout, re.MULTILINE)
    (next_line,) = lines_of(status.stdout, "next:")
    assert next_line.split()[1:3] == ["provisioner", "reconcile"]
    assert f"folder:  {program.folder}, where its commands are typed" in elsewhere.stdout
    assert f"results: {program.folder}/results.csv" in elsewhere.stdout


async def test_status_of_what_is_no_ledger_says_what_it_takes(program: Program) -> None:
    """A results file without its ledger is told so with the ways on; any other file gets both kinds named."""
    program.write_customers("customers.csv", 2)
    await program("run", "customers.csv", "-o", "results.csv", "--key", "crm_id", "--simulate", "--rate", "0")
    beside = await program("status", "results.csv")
    (program.folder / LEDGER).rename(program.folder / "elsewhere")

    await refused(
        program,
        *("status", "results.csv"),
        says=(
            "results.csv is a results file, and its ledger results.csv.ledger is not there",
            "put the ledger back beside it",
            "--rebuild-from results.csv",
        ),
    )
    await refused(
        program,
        *("status", "customers.csv"),
        says=("customers.csv is not a ledger, and it is not a results file either", "such as results.csv.ledger"),
    )
    assert beside.code == 0
    assert "note:    results.csv is the results file of the job: its ledger results.csv.ledger" in beside.stdout


async def test_a_ledger_that_was_never_planned_says_so(program: Program) -> None:
    """Neither ``status`` nor ``export`` speak of 0 rows where the run ended before it knew any."""
    async with open_ledger(LedgerLocation(program.folder / LEDGER), {"account": "AC"}, version="1") as ledger:
        await ledger.set_notes(asked="{}")  # as a run leaves it that is killed while it reads

    status = await program("status", LEDGER)
    exported = await program("export", LEDGER, "-o", "again.csv")

    for ended in (status, exported):
        assert ended.code == 0, ended.stderr
        assert "no input was planned in this ledger yet" in ended.stdout
        assert "input 0" not in ended.stdout


async def test_an_older_ledger_shows_what_it_knows(program: Program) -> None:
    """It kept no command: the run is said to have died all the same, and the page says what is missing."""
    unpack(program, 2)

    status = await program("status", LEDGER)

    assert status.code == 0
    assert re.search(
        rf"^run 1 started {MOMENT} and died: its last attempt was at {MOMENT}$", status.stdout, re.MULTILINE
    )
    assert "an earlier version did not keep it in the ledger" in status.stdout
    assert lines_of(status.stdout, "next:") == []


async def test_reconcile_with_nothing_to_do_asks_nobody(program: Program, twilio: StubMaker) -> None:
    """Without an unknown row it ends with 0 and says so, without credentials, and changes no file."""
    server = await twilio(per_row({"Customer 2": failing(400, 45745)}))
    program.write_customers("customers.csv", 3)
    ran = await program(*RUN, "--base-url", server.url, env=CREDENTIALS)
    before = contents_of(program.folder)

    ended = await program("reconcile", LEDGER)

    assert (ran.code, ended.code, server.lookups) == (4, 0, [])
    assert "note:    no row is unknown: there is nothing to look up" in ended.stdout
    assert ended.counts == {"created": 2, "rejected": 1}
    assert contents_of(program.folder) == before


@pytest.mark.parametrize("flags", [(), ("--audit",)])
async def test_refused_credentials_stop_look_ups_at_the_first(
    program: Program, twilio: StubMaker, flags: tuple[str, ...]
) -> None:
    """One request, exit code 6 and the cure; the rows stay as they were, and the right key settles them."""
    lost = {f"Customer {number}": (lambda _server, _call: hanging_up) for number in range(5, 25)}
    server = await twilio(per_row(lost))
    program.write_customers("customers.csv", 24)
    await program(*RUN, "--base-url", server.url, "--on-unknown", "hold", env=CREDENTIALS)
    server.listing = failing(401, 20003)
    command = ("reconcile", LEDGER, "--base-url", server.url, "--settle-delay", "0.05", *flags)

    stopped = await program(*command, env=CREDENTIALS)
    asked = len(server.lookups)
    server.listing = listing
    settled = await program(*command, env=CREDENTIALS)

    assert (stopped.code, asked) == (6, 1), stopped.stderr
    assert "Twilio did not accept the credentials: check TWILIO_ACCOUNT_SID" in stopped.stderr
    assert settled.code == 0, settled.stderr


def runs_of(folder: Path) -> list[int | None]:
    """Return the exit codes of the runs in the ledger."""
    with sqlite3.connect(folder / LEDGER) as ledger:
        return [code for (code,) in ledger.execute("SELECT exit_code FROM runs ORDER BY id")]


async def test_the_ledger_keeps_the_code_of_a_run_that_could_not_send(program: Program) -> None:
    """A run that fails after its plan and before its first request is recorded as ended, and not as dead."""
    program.write_customers("customers.csv", 2)
    bundle = program.write("bundle.pem", "no certificate\n")

    ended = await program(
        *("run", "customers.csv", "-o", "results.csv", "--key", "crm_id", "--yes"),
        env={**CREDENTIALS, "SSL_CERT_FILE": str(bundle)},
    )
    status = await program("status", LEDGER)

    assert runs_of(program.folder) == [ended.code]
    assert f"exit code {ended.code}: " in status.stdout
