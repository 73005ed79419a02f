"""Texts of others, made fit to be shown: a name may hold what moves a cursor, hides a word or turns a line round.

Names of files, columns, keys, settings and profiles, and whatever a server or a ledger says, may hold any
character. What is written to a terminal, a log or a page passes here first. JSON keeps every text as it is, and
has escapes of its own; results, which are data, are not touched.
"""

import re

LONGEST_NAME = 200
"""Characters of a name that are shown."""
LONGEST_NUMBER = 40
"""Characters that are shown of what should have been a number."""

_UNSEEN = (
    "\x00-\x1f\x7f-\x9f"  # control characters, ESC, CSI and OSC among them
    "\xad\u061c\u180e\u200b-\u200f\u2060-\u206f\ufeff\ufff9-\ufffb"  # without width, and marks of direction
    "\u2028-\u202e"  # ends of lines and paragraphs, and overrides of direction
    "\ud800-\udfff"  # halves of pairs, as which Python reads bytes that are no text
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"  # formats and tags
)
_escape_unseen = re.compile(f"[{_UNSEEN}]").sub


class Styled(str):
    """A text whose foreign parts are made printable already; its escape sequences and line ends are our own."""

    __slots__ = ()


def printable(text: str) -> str:
    r"""Show each character that would not be seen, or would do something, as an escape: ``\x1b``, ``\u202e``.

    A backslash stays one, so that paths and patterns stay readable.
    """
    return text if text.isprintable() else _escape_unseen(_escaped, text)


def printable_json(line: str) -> str:
    """Escape the same characters in a line of JSON, as JSON does: what it says stays the same."""
    return line if line.isascii() and line.isprintable() else _escape_unseen(_json_escaped, line)


def shortened(name: str, most: int = LONGEST_NAME) -> str:
    """Cut a name to ``most`` characters, the last of which is an ellipsis then."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def shortened_path(path: str) -> str:
    """Cut a path like a name, and keep its end, where the name of the file is."""
    return path if len(path) <= LONGEST_NAME else f"…{path[1 - LONGEST_NAME :]}"


def quoted(name: str, most: int = LONGEST_NAME) -> str:
    """Return a name as Python writes it, in quotes, and cut to ``most`` characters."""
    return repr(shortened(name, most))


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _json_escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))
