"""Texts of others as they are shown: whole, visible, and without effect."""

import json

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.cli.styles import composed, styled
from provisioner.report.markup import escape
from provisioner.system.printable import printable, printable_json, quoted, shortened, shortened_path

UNSEEN = (
    "\x00\x07\t\n\r\x1b\x7f\x85\x9b\xad\u061c\u200b\u200d\u200e\u2028\u2029\u202a\u202e\u2066\u2069\ufeff"
    "\udcff\U000e0041"
)


def test_what_would_not_be_seen_is_shown_as_an_escape() -> None:
    """Controls, escapes, overrides and isolates of direction, and what has no width, each in Python's notation."""
    for character in UNSEEN:
        shown = printable(f"a{character}b")

        assert shown == f"a{character.encode('unicode_escape').decode()}b"
        assert shown.isascii()
    assert printable("\x1b[31mred\u202e") == r"\x1b[31mred\u202e"


def test_what_can_be_seen_stays_as_it_is() -> None:
    """Letters of every script, wide spaces, signs, and backslashes too."""
    for text in (
        "Zoë",
        "Γιώργος 山田　太郎",
        "محمد",
        "שלום",
        "a\xa0b",
        "👋🏽 🇪🇺",
        r"C:\new\x1b",
        "[bold]x[/bold]",
        "",
    ):
        assert printable(text) == text


@given(st.text())
def test_json_says_the_same_whatever_is_escaped_in_it(text: str) -> None:
    """The line holds nothing that would act on a terminal, and is read back as what it was."""
    line = printable_json(json.dumps({"name": text}, ensure_ascii=False))

    assert json.loads(line) == {"name": text}
    assert not {*UNSEEN} & {*line}


def test_a_name_is_cut_at_200_characters() -> None:
    """An ellipsis stands where something is missing: at the end of a name, at the start of a path."""
    assert shortened(200 * "x") == 200 * "x"
    assert shortened(201 * "x") == 199 * "x" + "…"
    assert shortened_path(300 * "x" + "/in.csv") == "…" + 192 * "x" + "/in.csv"
    assert quoted("\x1b" + 300 * "x") == "'\\x1b" + 198 * "x" + "…'"


def test_only_our_own_styles_reach_a_terminal() -> None:
    """A name in a styled line cannot bring escapes of its own, wherever it stands."""
    line = composed("a\x1b[8mb ", styled("c\x1b[2Jd", fg="red"), " e\u202e")

    assert line == "a\\x1b[8mb " + click.style(r"c\x1b[2Jd", fg="red") + r" e\u202e"


@pytest.mark.parametrize("text", ["<b>\u202e", "a\x1b\x00b", "\udcff"])
def test_a_page_shows_them_too(text: str) -> None:
    """The report and the live page escape what is unseen before they escape what is markup."""
    shown = escape(text)

    assert not {*UNSEEN, "<"} & {*shown}
