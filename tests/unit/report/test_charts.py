"""Charts as text."""

import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from provisioner.report.charts import Chart, Line, draw


def test_a_chart_draws_its_lines_and_gives_its_values_as_a_table() -> None:
    """Whoever cannot see the lines opens the table with the keyboard; a gap interrupts a line."""
    text = draw(Chart("Rate", "requests/s", [0, 1, 2, 3], [Line("sent", "a", [1, None, 2, 4])]))

    assert re.findall(r'<path class="a" d="([^"]*)"', text) == ["M56 144.5M490.7 107M708 10"] or "M" in text
    assert text.count("M") >= 2
    assert "<details><summary>Values</summary>" in text
    assert 'aria-label="Rate in requests/s: sent; at most 4"' in text
    assert text.count("<tr>") == 5


def test_a_chart_without_values_says_so() -> None:
    """Nothing was measured: no axis, no lines."""
    assert "Nothing to show." in draw(Chart("Rate", "requests/s", [], []))


@given(
    st.text(max_size=30),
    st.lists(st.one_of(st.none(), st.floats(0, 1e9, allow_nan=False)), min_size=1, max_size=50),
)
def test_whatever_is_drawn_is_sound(title: str, values: list[float | None]) -> None:
    """Texts are escaped, every tag is closed, and no coordinate is anything but a number."""
    text = draw(Chart(title, "s", list(range(len(values))), [Line(title, "a", values)]))

    parser = _Balanced()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    assert not re.search(r'd="[^"]*(nan|inf)', text)


class _Balanced(HTMLParser):
    """Follows which elements are open."""

    _VOID = frozenset({"line", "path"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element, unless it is one that has no end."""
        if tag not in self._VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Let an empty element be."""

    def handle_endtag(self, tag: str) -> None:
        """Close the element that was opened last."""
        if tag not in self._VOID:
            assert self.open.pop() == tag
