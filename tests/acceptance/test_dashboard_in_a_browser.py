"""The live page as somebody at a browser has it, and what it does to the run."""

import asyncio
import re

import aiohttp
import pytest

from tests.acceptance.program import CREDENTIALS, Program, Running
from tests.acceptance.simulator_process import Simulator, SimulatorMaker
from tests.browser import needs_chromium, open_browser, open_tab
from tests.prometheus_text import parse

pytestmark = pytest.mark.acceptance


async def begin(program: Program, server: Simulator, command: str, *flags: str) -> tuple[Running, str]:
    """Start a run or a load test with a page, and return it with the page's address."""
    running = await program.start(
        *(command, "customers.csv", "-o", "results.csv", "--key", "crm_id", "--base-url", server.url),
        *("--dashboard", "0", *flags),
        env=CREDENTIALS,
    )
    said = await running.says("dashboard: ")
    return running, said.removeprefix("dashboard: ")


async def arrived(server: Simulator) -> int:
    """Count what the server has seen so far."""
    return len((await server.state())["arrivals"])


@needs_chromium
async def test_the_page_follows_the_run_and_ends_with_it(program: Program, simulator: SimulatorMaker) -> None:
    """Charts are drawn, nothing complains or leaves the host, and an open page holds nothing up."""
    server = await simulator("--rate-limit", "0", "--latency", "20ms")
    program.write_customers("customers.csv", 400)  # a cold browser takes its time

    async with open_tab() as tab:
        running, url = await begin(program, server, "load", "--rate", "4/s")
        await tab.page.goto(url)
        await tab.page.locator("figure svg path").nth(6).wait_for(state="attached")
        drawn = await tab.lines_drawn()
        had_controls = await tab.page.is_visible("#controls")
        await tab.page.fill("#rate", "200/s")
        await tab.page.click("text=Set rate")
        ended = await running.end()
        await tab.page.wait_for_selector("text=The run has ended")
        state = await tab.page.inner_text("#state")
        accounting = await tab.page.inner_text("#accounting .sum")
        has_controls = await tab.page.is_visible("#controls")

    assert ended.code == 0
    assert drawn >= 6
    assert (had_controls, has_controls) == (True, False)
    assert state == "✓ Finished 400 of 400 rows created, which is every row (exit code 0)"
    assert accounting == "input 400 = created 400 + rejected 0 + unknown 0 + unsent 0 + invalid 0"
    assert tab.complaints == []
    assert tab.hosts == {re.sub(r"^http://|/.*", "", url)}


@needs_chromium
async def test_the_page_pauses_resumes_and_changes_the_pace(program: Program, simulator: SimulatorMaker) -> None:
    """What the server sees is what was pressed."""
    server = await simulator("--rate-limit", "0")
    program.write_customers("customers.csv", 120)

    async with open_tab() as tab:
        running, url = await begin(program, server, "run", "--rate", "10/s")
        await tab.page.goto(url)
        await tab.page.click("text=Pause")
        await tab.page.wait_for_selector("text=paused from the dashboard")
        before = await arrived(server)
        await asyncio.sleep(1)
        after = await arrived(server)
        await tab.page.fill("#rate", "fast")
        await tab.page.click("text=Set rate")
        await tab.page.wait_for_selector("text=is not a rate")
        await tab.page.fill("#rate", "100/s")
        await tab.page.press("#rate", "Enter")
        await tab.page.wait_for_selector("text=the pace is 100/s now")
        await tab.page.click("text=Resume")
        ended = await running.end()

    arrivals = (await server.state())["arrivals"]
    rest = arrivals[after + 1 :]
    assert 0 < before == after < 100
    assert ended.code == 0
    assert len(arrivals) == 120
    assert arrivals[after] - arrivals[after - 1] > 1
    assert (len(rest) - 1) / (rest[-1] - rest[0]) > 50
    assert "dashboard.controlled" in ended.stderr


@needs_chromium
async def test_without_its_token_the_page_only_shows(program: Program, simulator: SimulatorMaker) -> None:
    """The address without what stands behind the # has no controls."""
    server = await simulator("--rate-limit", "0")
    program.write_customers("customers.csv", 40)

    async with open_tab() as tab:
        running, url = await begin(program, server, "run", "--rate", "10/s")
        await tab.page.goto(url.partition("#")[0])
        shows_state = await tab.page.is_visible("#state")
        has_controls = await tab.page.is_visible("#controls")
        ended = await running.end()

    assert (shows_state, has_controls) == (True, False)
    assert (ended.code, tab.complaints) == (0, [])


async def test_other_machines_are_not_let_in_by_mistake(program: Program) -> None:
    """A public address is refused before anything is sent, and the cure names the flag for it."""
    program.write_customers("customers.csv", 1)

    ended = await program("run", "customers.csv", "-o", "r.csv", "--simulate", "--dashboard", "0.0.0.0:8080")

    assert ended.code == 2
    assert "add --dashboard-public" in ended.stderr


@needs_chromium
async def test_stop_drains_the_run_and_every_page_keeps_its_result(
    program: Program, simulator: SimulatorMaker
) -> None:
    """As the first Ctrl-C does: 130, and the same command goes on. A page that nobody saw knows it, too."""
    server = await simulator("--rate-limit", "0", "--latency", "20ms")
    program.write_customers("customers.csv", 400)

    async with open_browser() as new_tab:
        running, url = await begin(program, server, "run", "--rate", "8/s")
        seen, unseen = await new_tab(), await new_tab()
        async with seen.page.expect_response("**/events"):
            await seen.page.goto(url)
        await unseen.page.goto(url)
        async with unseen.page.expect_response("**/result"):
            await unseen.be("hidden")
        await seen.page.wait_for_selector("text=Sending")
        seen.page.once("dialog", lambda asked: asked.accept())
        await seen.page.click("[data-action=stop]")
        ended = await running.end()
        for tab in (seen, unseen):
            await tab.page.wait_for_selector("text=The run has ended.")
        results = [await tab.page.inner_text("#state") for tab in (seen, unseen)]
        following = await unseen.page.inner_text("#progress")
    again = await program(
        *("run", "customers.csv", "-o", "results.csv", "--key", "crm_id", "--base-url", server.url, "--rate", "0"),
        env=CREDENTIALS,
    )

    left = ended.counts["unsent"]
    assert (ended.code, set(ended.counts)) == (130, {"created", "unsent"})
    assert results == [f"! Stopped what was in flight is finished, and {left} rows wait (exit code 130)"] * 2
    assert "next: provisioner run customers.csv" in following
    assert seen.complaints + unseen.complaints == []
    assert (again.code, again.counts["created"]) == (0, 400)
    assert len(await server.conversations()) == 400


async def test_metrics_tell_the_run_on_the_pages_port_and_in_a_file(
    program: Program, simulator: SimulatorMaker
) -> None:
    """Prometheus reads either while it runs; at the end the file has the exit code. No name or key is in them."""
    server = await simulator("--rate-limit", "0")
    program.write_customers("customers.csv", 60)

    running, url = await begin(program, server, "run", "--rate", "20/s", "--metrics-file", "run.prom")
    await server.has_seen(5)
    async with aiohttp.ClientSession() as client, client.get(f"{url.partition('#')[0]}metrics") as answer:
        told = await answer.text()
    at_first = (program.folder / "run.prom").read_text(encoding="utf-8")
    ended = await running.end()
    at_last = (program.folder / "run.prom").read_text(encoding="utf-8")

    during, last = parse(told), parse(at_last)
    assert ended.code == 0
    assert during["provisioner_run_requests_total", frozenset()] >= 4
    assert during["provisioner_run_rows", frozenset({("outcome", "pending")})] > 0
    assert ("provisioner_run_exit_code", frozenset()) not in {**during, **parse(at_first)}
    assert last["provisioner_run_exit_code", frozenset()] == 0
    assert last["provisioner_run_rows", frozenset({("outcome", "created")})] == 60
    assert last["provisioner_run_request_duration_seconds_count", frozenset({("step", "create")})] == 60
    for text in (told, at_first, at_last):
        assert not re.search(r"customer|results|crm|AC1|127\.0\.0\.1", text, re.IGNORECASE)
