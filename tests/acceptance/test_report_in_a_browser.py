"""The report as somebody at a browser, at a keyboard or at a printer has it."""

import pytest

from tests.acceptance.program import CREDENTIALS, Program
from tests.acceptance.simulator_process import SimulatorMaker
from tests.browser import Tab, needs_chromium, open_tab

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
        overflow = await narrow.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        order = await narrow.focus_order(2)
        await narrow.page.keyboard.press("Enter")
        jumped = await narrow.page.evaluate("scrollY > 500 && location.hash")
        marked = await narrow.page.locator("mark").count()
    assert light == "rgb(255, 255, 255)"
    assert dark != light
    assert len(printed) > 10_000
    assert overflow <= 0
    assert order == ["a one.csv.ledger", "a two.csv.ledger"]
    assert jumped == "#job-2"
    assert marked > 3
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
