"""What stops a run before it does harm, and what it says then."""

import pytest

from tests.acceptance.program import CREDENTIALS, Program
from tests.raw_server import reply
from tests.stub_twilio import StubMaker, failing, hanging_up, obliging, per_row

pytestmark = pytest.mark.acceptance

RUN = ("run", "customers.csv", "-o", "results.csv", "--key", "crm_id", "--rate", "200/s")


@pytest.mark.parametrize(
    ("status", "code", "cure"),
    [
        (401, 20003, "check TWILIO_ACCOUNT_SID"),
        (404, 45765, "check --address-sid"),
        (400, 45761, "fix the address in the Twilio Console"),
        (403, 20008, "use a Standard API key"),
    ],
)
async def test_a_fault_of_the_run_stops_it_after_the_first_request(
    program: Program, twilio: StubMaker, status: int, code: int, cure: str
) -> None:
    """Wrong credentials and wrong addresses cost one request, name the cure, and leave every row to be sent."""
    server = await twilio(failing(status, code))
    program.write_customers("customers.csv", 20)
    command = (*RUN, "--base-url", server.url)

    stopped = await program(*command, env=CREDENTIALS)
    server.script = obliging
    fixed = await program(*command, env=CREDENTIALS)

    assert (stopped.code, stopped.counts) == (6, {"unsent": 20})
    assert stopped.stdout.startswith("stopped by a guard after ")
    assert cure in stopped.stderr
    assert stopped.stdout.splitlines()[-1].startswith("next:    provisioner run customers.csv")
    assert len(server.calls) == 1 + 20
    assert (fixed.code, fixed.counts) == (0, {"created": 20})


@pytest.mark.parametrize(("canary", "sent"), [((), 1), (("--canary", "3"), 3)])
async def test_a_canary_that_is_refused_saves_the_others(
    program: Program, twilio: StubMaker, canary: tuple[str, ...], sent: int
) -> None:
    """When the first rows are all refused, it is the configuration: nothing else is sent."""
    server = await twilio(failing(400, 45745))
    program.write_customers("customers.csv", 50)

    ended = await program(*RUN, "--base-url", server.url, *canary, env=CREDENTIALS)

    assert ended.code == 6
    assert ended.counts == {"rejected": sent, "unsent": 50 - sent}
    assert len(server.calls) == sent
    assert "so nothing else was sent" in ended.stderr


@pytest.mark.parametrize(("limit", "failed"), [("3", 3), ("10%", 4)])
async def test_too_many_failures_stop_the_run(
    program: Program, twilio: StubMaker, limit: str, failed: int
) -> None:
    """--max-failures counts refused and unknown rows together; what waits then is sent by the next run."""
    bad = {f"Customer {number}": failing(400, 45745) for number in range(5, 41, 2)}
    bad |= {f"Customer {number}": lambda _twilio, _call: hanging_up for number in range(6, 41, 2)}
    server = await twilio(per_row(bad))
    program.write_customers("customers.csv", 40)

    ended = await program(
        *(*RUN, "--base-url", server.url, "--max-failures", limit, "--concurrency", "1"), env=CREDENTIALS
    )

    assert ended.code == 6
    assert ended.counts["created"] == 4
    assert ended.counts["rejected"] + ended.counts["unknown"] == failed
    assert ended.counts["unsent"] == 40 - 4 - failed
    assert f"{failed} rows were rejected or are unknown" in ended.stderr
    assert len(server.calls) == 4 + failed


async def test_a_limit_sends_a_part_and_the_next_run_the_next(program: Program, twilio: StubMaker) -> None:
    """--limit is a way through a big job in steps; the exit code says whether rows wait."""
    server = await twilio()
    program.write_customers("customers.csv", 5)
    command = (*RUN, "--base-url", server.url, "--limit", "3")

    first = await program(*command, env=CREDENTIALS)
    second = await program(*command, env=CREDENTIALS)

    assert (first.code, first.counts) == (8, {"created": 3, "unsent": 2})
    assert "note:    stopped as planned: --limit 3 was reached, 2 rows wait" in first.stdout
    assert (second.code, second.counts) == (0, {"created": 5})
    assert sorted(server.names) == [f"Customer {number}" for number in range(1, 6)]


async def test_strict_sends_nothing_while_a_row_is_invalid(program: Program, twilio: StubMaker) -> None:
    """--strict makes one bad row reason enough to send none, and the results name it; fixed, all are sent."""
    server = await twilio()
    program.write("customers.csv", "crm_id,CustomerFriendlyName\n1,Ana\n1,Bo\n")
    command = (*RUN, "--base-url", server.url, "--strict")

    refused = await program(*command, env=CREDENTIALS)
    calls, statuses = len(server.calls), program.statuses()
    program.write("customers.csv", "crm_id,CustomerFriendlyName\n1,Ana\n2,Bo\n")
    fixed = await program(*command, env=CREDENTIALS)

    assert (refused.code, calls, statuses) == (3, 0, ["unsent", "invalid"])
    assert "so nothing was sent (--strict)" in refused.stderr
    assert (fixed.code, fixed.counts) == (0, {"created": 2})


async def test_a_gateway_page_in_place_of_an_answer_is_no_crash(program: Program, twilio: StubMaker) -> None:
    """HTML with a 404 is read as what it is: no endpoint there."""
    server = await twilio(lambda _twilio, _call: reply(404, b"<html>nginx</html>", "Content-Type: text/html"))
    program.write_customers("customers.csv", 3)

    ended = await program(*RUN, "--base-url", server.url, env=CREDENTIALS)

    assert (ended.code, len(server.calls)) == (6, 1)
    assert "check --base-url" in ended.stderr
