"""Another server answers in Twilio's place: the first row finds out, whatever it answers."""

from provisioner.errors import ExitCode
from provisioner.models import Counts
from tests.integration.commands.job import Job
from tests.quiet_ui import QuietUserInterface
from tests.raw_server import answering, raw_server, reply
from tests.stub_twilio import Answer, Call, Script, StubTwilio, stub_twilio

HTML, JSON = "Content-Type: text/html; charset=utf-8", "Content-Type: application/json"
PAGE = b"<html>Welcome, Ada</html>"
AT_LOGIN = "Location: https://login.example/?for=ada"
IN_DOUBT = {
    reply(200, PAGE, HTML): "HTTP 200, text/html",
    reply(200, b'{"ok": true}', JSON): "HTTP 200, application/json",
    reply(201, b'{"id": 5}', JSON): "HTTP 201, application/json",
    reply(302, b"", AT_LOGIN): "HTTP 302, a redirect to login.example",
    reply(511, PAGE, HTML): "HTTP 511, text/html",
}
NOT_CREATED = {
    reply(307, b"", AT_LOGIN): "HTTP 307, a redirect to login.example",
    reply(308, b"", AT_LOGIN): "HTTP 308, a redirect to login.example",
    reply(400, PAGE, HTML): "HTTP 400, text/html",
    reply(403, PAGE, HTML): "HTTP 403, text/html",
    reply(404, PAGE, HTML): "HTTP 404, text/html",
    reply(404, b'{"error": "no such page"}', JSON): "HTTP 404, application/json",
    reply(405): "HTTP 405",
    reply(422, PAGE, HTML): "HTTP 422, text/html",
}


async def test_a_server_that_is_not_twilio_gets_one_row(job: Job) -> None:
    """Exit 6, the server and what it answered are named, and only a reply that refuses leaves no doubt."""
    for replies, counts in (
        (IN_DOUBT, Counts(input=3, unknown=1, unsent=2)),
        (NOT_CREATED, Counts(input=3, unsent=3)),
    ):
        for number, (answer, named) in enumerate(replies.items()):
            async with raw_server(answering(answer)) as server:
                results = job.folder / f"{counts.unknown}-{number}.csv"
                summary = await job.run(server.url, output=results)

            assert (summary.exit_code, summary.counts, len(server.requests)) == (ExitCode.GUARD, counts, 1), named
            assert summary.error is not None
            assert summary.error.message == f"127.0.0.1 answered what Twilio's API does not ({named})"
            assert summary.error.cure.startswith("check --base-url, --proxy and the network")


async def test_what_another_server_refuses_is_not_told_as_twilios_refusal(job: Job) -> None:
    """Neither notes nor results say that the credentials are wrong when a page came with a 401 or 403."""
    for status in (401, 403):
        async with raw_server(answering(reply(status, PAGE, HTML))) as server:
            results = job.folder / f"{status}.csv"
            summary = await job.run(server.url, output=results)

        told = f"{summary.notes}{results.read_text()}"
        assert f"another server than Twilio refused the request (HTTP {status}, text/html)" in told
        assert "credentials" not in told


async def test_a_canary_that_somebody_elses_api_refuses_asks_about_the_base_url(job: Job) -> None:
    """A refusal in JSON may be Twilio's; where another host was asked, its name comes first in the cure."""
    async with raw_server(answering(reply(422, b'{"error": "no such field"}', JSON))) as server:
        summary = await job.run(server.url)

    assert (summary.exit_code, len(server.requests)) == (ExitCode.GUARD, 1)
    assert summary.error is not None
    assert summary.error.cure.startswith("check --base-url, as 127.0.0.1 may not be Twilio's API; else fix")


async def test_pages_of_a_load_balancer_are_still_doubtful_and_nothing_more(job: Job) -> None:
    """A 502 or 503 with a page may come from Twilio's edge: no row stops the run, and each is unknown."""
    for status in (502, 503):
        async with raw_server(answering(reply(status, PAGE, HTML))) as server:
            results = job.folder / f"{status}.csv"
            summary = await job.run(server.url, output=results, on_unknown="hold")

        assert (summary.exit_code, summary.counts) == (ExitCode.UNKNOWN, Counts(input=3, unknown=3))


def portal(*numbers: int) -> Script:
    """Return a script in which the calls of these numbers get a page."""

    def script(twilio: StubTwilio, call: Call) -> Answer:
        return reply(200, PAGE, HTML) if call.number in numbers else twilio.create(call)

    return script


async def test_a_login_page_in_the_middle_ends_the_run_after_a_few_rows(job: Job) -> None:
    """It pauses and tries twice; what got the page is unknown, the rest waits, and the next run goes on."""
    job.write(40)
    ui = QuietUserInterface()
    async with stub_twilio(portal(*range(6, 41))) as twilio:
        summary = await job.run(twilio.url, rate="50/s", concurrency=1, ui=ui)

    assert (summary.exit_code, summary.counts) == (
        ExitCode.GUARD,
        Counts(input=40, created=5, unknown=3, unsent=32),
    )
    assert [note.partition(" (")[0] for note in ui.notes if note.startswith("paused")] == [
        "paused: Twilio cannot be reached, next try in 1 s",
        "paused: Twilio cannot be reached, next try in 2 s",
    ]


async def test_a_single_page_in_the_middle_costs_a_pause(job: Job) -> None:
    """The next row is answered by Twilio again, and all others are created."""
    job.write(20)
    async with stub_twilio(portal(6)) as twilio:
        summary = await job.run(twilio.url, rate="50/s", on_unknown="hold")

    assert (summary.exit_code, summary.counts) == (ExitCode.UNKNOWN, Counts(input=20, created=19, unknown=1))


async def test_a_row_that_another_server_refuses_is_not_rejected(job: Job) -> None:
    """Only Twilio rejects a row for good: it is unsent, and the same command sends it once the page is gone."""
    job.write(20)
    for status in (400, 422):
        pages = {6}

        def script(twilio: StubTwilio, call: Call, status: int = status, pages: set[int] = pages) -> Answer:
            return reply(status, PAGE, HTML) if call.number in pages else twilio.create(call)

        async with stub_twilio(script) as twilio:
            results = job.folder / f"{status}.csv"
            first = await job.run(twilio.url, rate="50/s", output=results)
            again = await job.run(twilio.url, rate="50/s", output=results)

        assert (first.exit_code, first.counts) == (ExitCode.UNSENT, Counts(input=20, created=19, unsent=1)), status
        assert (again.exit_code, len(twilio.calls)) == (ExitCode.DONE, 21)
