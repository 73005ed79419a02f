"""Identities of the user's own with characters that Twilio only advises against, over real sockets."""

import csv
import json
from urllib.parse import parse_qs, urlsplit

from provisioner.errors import ExitCode
from provisioner.models import Counts
from tests.integration.commands.job import Job
from tests.raw_server import reply
from tests.stub_twilio import Call, StubTwilio, error, stub_twilio

ODD = ["ana@example.com", "+4915112345678", "=a&b/c?#[]", "100%25", "José Müller", "@it's (me)*;,$!", "crm:7"]


def losing(twilio: StubTwilio, call: Call) -> bytes:
    """Create every conversation, and lose all answers but the first."""
    created = twilio.create(call)
    return created if call.number == 1 else error(500, 20500)


def listing(twilio: StubTwilio, call: Call) -> bytes:
    """List the conversations of the identity that the query asks for, compared to the letter."""
    (asked,) = parse_qs(urlsplit(call.target).query)["Identity"]
    found = [
        {"conversation_sid": f"CH{made.number:032x}", "participant_identity": asked}
        for made in twilio.calls
        if made.form["Identity"] == asked
    ]
    return reply(200, json.dumps({"conversations": found, "meta": {}}).encode())


async def test_odd_identities_are_sent_and_looked_up_to_the_letter(job: Job) -> None:
    """Each arrives as it is in the form and in the query of its look-up; the results escape some."""
    with (job.folder / "customers.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [("id", "CustomerFriendlyName", "identity"), *((text, "Ana", text) for text in ODD)]
        )
    async with stub_twilio(losing) as twilio:
        twilio.listing = listing
        summary = await job.run(twilio.url, settle_delay=0.01, concurrency=1)

    with job.results.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    sids = {made.form["Identity"]: f"CH{made.number:032x}" for made in twilio.calls}
    assert (summary.exit_code, summary.counts) == (ExitCode.DONE, Counts(input=len(ODD), created=len(ODD)))
    assert sorted(sids) == sorted(ODD)
    assert len(twilio.calls) == len(ODD)
    assert [row["conversation_sid"] for row in rows] == [sids[text] for text in ODD]
    assert [row["identity"].removeprefix("'") for row in rows] == ODD
