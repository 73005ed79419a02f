"""No secret and no customer's data in anything that is kept or shown, at any level of detail."""

import pytest

from tests.acceptance.program import API_SECRET, AUTH_TOKEN, CREDENTIALS, Program
from tests.stub_twilio import StubMaker, error, failing, hanging_up, per_row

pytestmark = pytest.mark.acceptance

CANARIES = ("Canary-Ada", "Canary-Bo", "Canary-Cy", "Canary-Dee", "canary-note", "canary-chat", "canary-unused")
TABLE = """crm_id,CustomerFriendlyName,ChatFriendlyName,pre_engagement.note,unused
1,Canary-Ada,canary-chat,canary-note,canary-unused
2,Canary-Bo,canary-chat,canary-note,canary-unused
3,Canary-Cy,canary-chat,canary-note,canary-unused
4,Canary-Dee,canary-chat,canary-note,canary-unused
1,Canary-Twin,canary-chat,canary-note,canary-unused
6,Canary-Long{long},canary-chat,canary-note,canary-unused
"""


async def test_nothing_that_is_kept_holds_a_customer_or_a_secret(program: Program, twilio: StubMaker) -> None:
    """With everything going wrong and every detail logged: not in the log, not in the ledger, not on a stream."""
    script = per_row(
        {
            "Canary-Bo": lambda _twilio, _call: error(400, 45745),
            "Canary-Cy": lambda _twilio, _call: hanging_up,
            "Canary-Dee": failing(500, 20500),
        }
    )
    server = await twilio(script)
    program.write("customers.csv", TABLE.format(long="x" * 300))
    log = ("--log-level", "debug", "--log-file", "job.log")
    secrets = {**CREDENTIALS, "TWILIO_AUTH_TOKEN": AUTH_TOKEN}
    job = ("customers.csv", "--key", "crm_id", "--rate", "200/s")

    checked = await program(*log, "check", *job, env=secrets)
    ended = await program(*log, "run", *job, "-o", "results.csv", "--base-url", server.url, env=secrets)
    refused = await program(
        *(*log, "run", *job, "-o", "results.csv", "--base-url", server.url, "--set", "identity={crm_id}"),
        env=secrets,
    )

    kept = {path.name: path.read_bytes() for path in program.folder.iterdir() if path.is_file()}
    said = (checked, ended, refused)
    told = {str(number): (each.stdout + each.stderr).encode() for number, each in enumerate(said)}
    assert (ended.code, refused.code) == (5, 2)
    assert {"job.log", "results.csv", "results.csv.ledger"} <= kept.keys()
    assert kept["job.log"].count(b"attempt.answered") == 4
    del kept["customers.csv"]
    for name, content in (kept | told).items():
        found = [canary for canary in (*CANARIES, API_SECRET, AUTH_TOKEN) if canary.encode() in content]
        assert (name, found) == (name, [])


async def test_secrets_are_in_no_argument_and_no_environment_of_ours(program: Program, twilio: StubMaker) -> None:
    """The command to go on with, which people paste into tickets, holds what was typed and nothing more."""
    server = await twilio(failing(401, 20003))
    program.write_customers("customers.csv", 2)

    ended = await program("run", "customers.csv", "-o", "r.csv", "--base-url", server.url, env=CREDENTIALS)

    next_line = ended.stdout.splitlines()[-1]
    assert next_line == f"next:    provisioner run customers.csv -o r.csv --base-url {server.url}"
