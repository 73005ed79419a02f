"""Pages in the system's Chromium, with their console errors, exceptions and requests."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, async_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here")


_SHOWN_TEXTS = """
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, box = element.getBoundingClientRect();
    if (walker.currentNode.data.trim() && box.width && box.height && !element.closest("script, style")) {
      texts.push([walker.currentNode.data.trim(), element]);
    }
  }
"""
_SMALLEST_TEXT = f"""() => {{
  {_SHOWN_TEXTS}
  return Math.min(...texts.map(([, element]) => {{
    const size = parseFloat(getComputedStyle(element).fontSize);
    const scale = element instanceof SVGElement ? element.getScreenCTM() : {{ a: 1, d: 1 }};
    return size * Math.min(scale.a, scale.d);
  }}));
}}"""
_LOW_CONTRASTS = f"""() => {{
  {_SHOWN_TEXTS}
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => channels(colour).slice(0, 3).map((each) => each / 255)
    .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4))
    .reduce((sum, each, place) => sum + each * [0.2126, 0.7152, 0.0722][place], 0);
  const ground = (element) => {{
    for (let each = element; each; each = each.parentElement) {{
      const colour = getComputedStyle(each).backgroundColor;
      if ((channels(colour)[3] ?? 1) > 0) return colour;
    }}
    return "rgb(255, 255, 255)";
  }};
  return texts.filter(([, element]) => {{
    const style = getComputedStyle(element), size = parseFloat(style.fontSize);
    const colour = element instanceof SVGElement ? style.fill : style.color;
    const both = [light(colour), light(ground(element))].sort((a, b) => b - a);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    return (both[0] + 0.05) / (both[1] + 0.05) < (isLarge ? 3 : 4.5);
  }}).map(([text]) => text);
}}"""


@dataclass
class Tab:
    """One page, with its console errors and exceptions, and the hosts to which it sent requests."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(10_000)
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    async def be(self, visibility: str) -> None:
        """Set the page's visibility to ``hidden`` or ``visible`` and fire the event, as a change of tabs does."""
        await self.page.evaluate(
            """visibility => {
              const say = (name, value) => Object.defineProperty(document, name, { configurable: true, value });
              say("visibilityState", visibility);
              say("hidden", visibility === "hidden");
              document.dispatchEvent(new Event("visibilitychange"));
            }""",
            visibility,
        )

    async def low_contrasts(self) -> list[str]:
        """Return the texts that are hard to read on their ground: below 4.5:1, or 3:1 for large ones (WCAG AA)."""
        found: list[str] = await self.page.evaluate(_LOW_CONTRASTS)
        return found

    async def smallest_text_px(self) -> float:
        """Return the smallest height of letters of any text on the page, in pixels as they are shown."""
        found: float = await self.page.evaluate(_SMALLEST_TEXT)
        return found

    async def overflow_px(self) -> int:
        """Return by how many pixels the page is wider than its window; 0 when it is not."""
        found: int = await self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return found

    async def lines_drawn(self) -> int:
        """Return the number of chart lines with a size on the page."""
        boxes = [await line.bounding_box() for line in await self.page.query_selector_all("figure svg path")]
        return sum(box is not None and box["width"] > 0 for box in boxes)

    async def focus_order(self, count: int) -> list[str]:
        """Press Tab ``count`` times and return the tag and text of the focused element after each."""
        found = []
        for _ in range(count):
            await self.page.keyboard.press("Tab")
            found.append(
                await self.page.evaluate(
                    "(e => `${e.tagName.toLowerCase()} ${e.innerText || e.id}`.trim())(document.activeElement)"
                )
            )
        return found


@asynccontextmanager
async def open_tab(*, is_dark: bool = False, width: int = 1000) -> AsyncIterator[Tab]:
    """Open an empty page in a new browser; both are closed at the end of the context."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            page = await browser.new_page(
                viewport={"width": width, "height": 900}, color_scheme="dark" if is_dark else "light"
            )
            yield Tab(page)
        finally:
            await browser.close()


@asynccontextmanager
async def open_browser() -> AsyncIterator[Callable[[], Awaitable[Tab]]]:
    """Start a browser and yield a function that opens a new tab."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            window = await browser.new_context(viewport={"width": 1280, "height": 900})

            async def tab() -> Tab:
                return Tab(await window.new_page())

            yield tab
        finally:
            await browser.close()
