"""The report as somebody at a browser, at a keyboard or at a printer has it."""

import asyncio

import pytest

from tests.acceptance.program import CREDENTIALS, Program
from tests.acceptance.simulator_process import SimulatorMaker
from tests.browser import Tab, needs_chromium, open_tab

_MOVED = """new Promise((tell) => requestAnimationFrame(
  () => tell(document.querySelector("section .wide").scrollLeft)
))"""

pytestmark = [pytest.mark.acceptance, needs_chromium]


async def test_reports_of_a_load_test_and_of_two_compared(program: Program, simulator: SimulatorMaker) -> None:
    """Charts are drawn in light and dark, it fits a telephone, and needs neither network nor mouse."""
    program.write("faults.toml", '[[fault]]\nname = "throttle"\nat = [10]\n')
    server = await simulator("--rate-limit", "0", "--latency", "20ms", "--faults", "faults.toml")
    program.write_customers("customers.csv", 30)
    for name, rate in (("one", "30/s"), ("two", "60/s")):
        await program(
            *("load", "customers.csv", "-o", f"{name}.csv", "--key", "crm_id", "--base-url", server.url),
            *("--rate", rate, "--set", "first_message=Hello {CustomerFriendlyName}"),
            env=CREDENTIALS,
        )

    one = await program("report", "one.csv.ledger")
    both = await program("report", "one.csv.ledger", "two.csv.ledger", "-o", "both.html")

    page = (program.folder / "one.csv.html").read_text(encoding="utf-8")
    assert (one.code, both.code) == (0, 0)
    assert len(page) < 300_000
    assert "Customer 1" not in page
    async with open_tab() as tab:
        await tab.page.goto((program.folder / "one.csv.html").as_uri())
        await charts_are_drawn_and_read(tab)
        light = await ground(tab)
        printed = await tab.page.pdf()
    async with open_tab(is_dark=True, width=400) as narrow:
        await narrow.page.goto((program.folder / "both.html").as_uri())
        dark = await ground(narrow)
        overflow = await narrow.overflow_px()
        order = await narrow.focus_order(2)
        await narrow.page.keyboard.press("Enter")
        jumped = await narrow.page.evaluate("scrollY > 500 && location.hash")
        marked = await narrow.page.locator("mark").all_inner_texts()
        compared = await narrow.page.locator("section .same, section .better, section .worse").count()
    assert light == "rgb(255, 255, 255)"
    assert dark != light
    assert len(printed) > 10_000
    assert overflow <= 0
    assert order == ["a one.csv.ledger", "a two.csv.ledger"]
    assert jumped == "#job-2"
    assert marked == ["60/s"]
    assert compared > 3
    assert tab.complaints + narrow.complaints == []
    assert tab.hosts | narrow.hosts == {""}


async def charts_are_drawn_and_read(tab: Tab) -> None:
    """See lines in every chart, the mark of the 429, and the values of one by keyboard alone."""
    figures = await tab.page.locator("figure").count()
    assert figures >= 8
    assert await tab.lines_drawn() >= figures
    assert await tab.page.locator("path.mark").count() == 1
    assert not await tab.page.is_visible("figure details table")
    await tab.page.focus("figure summary")
    await tab.page.keyboard.press("Enter")
    assert await tab.page.is_visible("figure details table")


async def ground(tab: Tab) -> str:
    """Return the colour that the page is painted on."""
    colour: str = await tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


async def test_a_phone_and_every_eye_read_a_report(program: Program, simulator: SimulatorMaker) -> None:
    """At 390 px nothing is wider than the window and no letter below 11 px; contrasts are AA in light and dark."""
    program.write(
        "faults.toml", '[[fault]]\nname = "throttle"\nat = [10]\n[[fault]]\nname = "error_500"\nat = [12]\n'
    )
    server = await simulator("--rate-limit", "0", "--latency", "20ms", "--faults", "faults.toml")
    program.write("customers.csv", f"crm_id,CustomerFriendlyName\n1,Ana\n2,{'n' * 300}\n3,Ben\n" + "4,Cem\n" * 20)
    for name, rate in (("one", "30/s"), ("two", "60/s")):
        await program(
            *("load", "customers.csv", "-o", f"{name}.csv", "--base-url", server.url, "--rate", rate),
            *("--fail-if", "p95(create.due) > 1ms", "--fail-if", "rate(error) > 99%", "--settle-delay", "0"),
            env=CREDENTIALS,
        )
    await program("report", "one.csv.ledger", "two.csv.ledger", "-o", "both.html")

    for is_dark in (False, True):
        for width in (390, 1280):
            async with open_tab(is_dark=is_dark, width=width) as tab:
                await tab.page.goto((program.folder / "both.html").as_uri())
                assert await tab.page.locator(".verdict.bad").count() == 2
                assert await tab.overflow_px() <= 0
                assert await tab.low_contrasts() == []
                assert await tab.smallest_text_px() >= 11


async def test_the_trend_of_a_schedule_is_a_page_and_an_exit_code(
    program: Program, simulator: SimulatorMaker
) -> None:
    """Four calm nights and a slow one: 99, and the page says so on a phone as well; a higher limit passes."""
    calm = await simulator("--rate-limit", "0", "--latency", "5ms")
    slow = await simulator("--rate-limit", "0", "--latency", "400ms")
    program.write_customers("customers.csv", 20)
    for night in range(1, 6):
        await program(
            *("load", "customers.csv", "-o", f"load-2026-11-0{night}.csv", "--key", "crm_id", "--rate", "40/s"),
            *("--base-url", slow.url if night == 5 else calm.url),
            env=CREDENTIALS,
        )

    worse = await program("report", "load-{date}.csv")
    passed = await program("report", ".", "--regress", "off", "-o", "passed.html")
    missing = await program("report", "nightly-*.csv")

    assert worse.code == 99
    assert "the newest run is worse than usual: load-{date}.csv.ledger: p95 from due" in worse.stderr
    assert passed.code == 0
    assert missing.code == 2
    assert "nightly-*.csv: no ledger is there" in missing.stderr
    for is_dark in (False, True):
        async with open_tab(is_dark=is_dark, width=390) as tab:
            await tab.page.goto((program.folder / "trend.html").as_uri())
            assert await tab.page.locator(".verdict.bad strong").inner_text() == "Worse"
            assert await tab.overflow_px() <= 0
            assert await tab.low_contrasts() == []
            assert await tab.smallest_text_px() >= 11
            assert await tab.lines_drawn() >= 6
            newest = tab.page.locator("section tbody tr").first
            assert "load-2026-11-05.csv.ledger" in await newest.inner_text()
            await tab.page.focus("figure summary")
            await tab.page.keyboard.press("Enter")
            assert await tab.page.is_visible("figure details table")
            await a_wide_table_is_moved_by_the_keyboard(tab)
        assert tab.complaints == []
        assert tab.hosts == {""}


async def a_wide_table_is_moved_by_the_keyboard(tab: Tab) -> None:
    """Focus the table of the runs, and see more of its columns by the arrow keys."""
    await tab.page.locator("section .wide").focus()
    for _ in range(20):
        await tab.page.keyboard.press("ArrowRight")
    async with asyncio.timeout(60):  # the movement is drawn frame by frame
        while await tab.page.evaluate(_MOVED) <= 20:
            pass
