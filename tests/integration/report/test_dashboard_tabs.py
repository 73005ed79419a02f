"""Several tabs of one browser with the live page: what they cost the server, and that each can be used."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from provisioner.report.dashboard import Dashboard
from tests.browser import Tab, needs_chromium, open_browser
from tests.integration.report.test_dashboard import Board, board

pytestmark = needs_chromium

A_BROWSERS_CONNECTIONS = 6
"""So many HTTP/1.1 connections does a browser open to one server."""


@asynccontextmanager
async def tabs(served: Board, count: int) -> AsyncIterator[list[Tab]]:
    """Open the page in so many tabs of one browser."""
    async with open_browser() as new_tab:
        opened = [await new_tab() for _ in range(count)]
        for tab in opened:
            await tab.page.goto(f"{served.address}#{served.token}")
        yield opened


class CountedDashboard(Dashboard):
    """Counts the streams that are read. Taking them to see how many are left would refuse one to the browser."""

    read = 0

    async def _events(self, request: web.Request) -> web.StreamResponse:
        CountedDashboard.read += 1
        try:
            return await super()._events(request)
        finally:
            CountedDashboard.read -= 1


@pytest.fixture(autouse=True)
def _counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CountedDashboard, "read", 0)
    monkeypatch.setattr("provisioner.report.dashboard.Dashboard", CountedDashboard)


async def until_read(count: int) -> None:
    """Wait until so many streams are read."""
    async with asyncio.timeout(60):
        while CountedDashboard.read != count:  # noqa: ASYNC110 - the browser tells nobody
            await asyncio.sleep(0.05)


async def test_with_more_tabs_than_connections_each_can_pause() -> None:
    """Seven tabs, all of them seen, load, follow the run and press Pause: their streams hold no connection up."""
    async with board() as served, tabs(served, A_BROWSERS_CONNECTIONS + 1) as opened:
        for tab in opened:
            await tab.page.click("text=Pause")
            await tab.page.wait_for_selector("text=nothing new is started")
        await until_read(1)
        complaints = [tab.complaints for tab in opened]

    assert served.controls.asked == ["pause"] * len(opened)
    assert complaints == [[]] * len(opened)


async def test_every_tab_shows_what_one_of_them_reads_also_when_that_is_closed() -> None:
    """Another one takes over; at the end all of them say that the run has ended, and have no controls any more."""
    async with open_browser() as new_tab:
        async with board() as served:
            opened = [await new_tab() for _ in range(3)]
            for tab in opened:
                await tab.page.goto(f"{served.address}#{served.token}")
                await tab.page.evaluate("document.getElementById('figures').innerHTML = ''")
            for tab in opened:
                await tab.page.wait_for_selector("text=rows with an outcome")
            await opened[0].page.close()
            for tab in opened[1:]:
                await tab.page.evaluate("document.getElementById('figures').innerHTML = ''")
                await tab.page.wait_for_selector("text=rows with an outcome")
        for tab in opened[1:]:
            await tab.page.wait_for_selector("text=The run has ended.")
            assert not await tab.page.is_visible("#controls")
            assert tab.complaints == []


@pytest.mark.parametrize("has_locks", [True, False], ids=["locks", "no locks"])
async def test_a_hidden_tab_reads_no_stream_until_it_is_seen_again(*, has_locks: bool) -> None:
    """Also where a browser has no locks, as on a page that is plain http from another machine."""
    async with board() as served, open_browser() as new_tab:
        tab = await new_tab()
        if not has_locks:
            await tab.page.add_init_script("Object.defineProperty(navigator, 'locks', { value: undefined });")
        await tab.page.goto(f"{served.address}#{served.token}")
        await until_read(1)
        await tab.be("hidden")
        await until_read(0)
        await tab.be("visible")
        await until_read(1)

    assert tab.complaints == []


async def test_without_locks_a_tab_leaves_its_stream_while_it_asks() -> None:
    """Six tabs that each read their own stream hold all connections; the one that asks gives its own up for it."""
    async with board() as served, open_browser() as new_tab:
        opened = [await new_tab() for _ in range(A_BROWSERS_CONNECTIONS)]
        for tab in opened:
            await tab.page.add_init_script("Object.defineProperty(navigator, 'locks', { value: undefined });")
            await tab.page.goto(f"{served.address}#{served.token}")
        for tab in opened:
            await tab.page.click("text=Pause")
            await tab.page.wait_for_selector("text=nothing new is started")

    assert served.controls.asked == ["pause"] * A_BROWSERS_CONNECTIONS


async def test_the_token_leaves_the_address_and_outlives_a_reload() -> None:
    """It is kept for the tab: after a reload the controls are there; a new tab has none without it."""
    async with board() as served, open_browser() as new_tab:
        tab, other = await new_tab(), await new_tab()
        await tab.page.goto(f"{served.address}#{served.token}")
        at_first = tab.page.url
        await tab.page.reload()
        await tab.page.click("text=Pause")
        await tab.page.wait_for_selector("text=nothing new is started")
        shown = await tab.page.content()
        await other.page.goto(served.address)
        had_none = not await other.page.is_visible("#controls")
        await other.page.evaluate("token => { location.hash = token }", served.token)
        await other.page.click("text=Resume")
        await other.page.wait_for_selector("text=resumed")

    assert at_first == tab.page.url == other.page.url == served.address
    assert served.token not in shown
    assert had_none
    assert served.controls.asked == ["pause", "resume"]
    assert tab.complaints == other.complaints == []


async def test_the_policy_lets_the_page_work_and_nothing_else() -> None:
    """Style and script of the page itself are taken; a script, a handler, a style or a picture put in is not."""
    async with board() as served, open_browser() as new_tab:
        tab = await new_tab()
        await tab.page.goto(f"{served.address}#{served.token}")
        await tab.page.wait_for_selector(".bar")
        drawn = await tab.page.evaluate("getComputedStyle(document.querySelector('.bar td')).backgroundColor")
        sound = list(tab.complaints)
        await tab.page.evaluate(
            """() => {
              document.getElementById("figures").innerHTML =
                "<img src=/x onerror='window.ran = 1'><p id=p style='color: red' onclick='window.ran = 1'>x</p>";
              document.getElementById("p").click();
              const script = document.createElement("script");
              script.textContent = "window.ran = 1";
              document.body.append(script);
            }"""
        )
        ran = await tab.page.evaluate("window.ran")

    assert drawn not in {"rgba(0, 0, 0, 0)", ""}
    assert sound == []
    assert ran is None
    assert any("Content Security Policy" in each for each in tab.complaints)
