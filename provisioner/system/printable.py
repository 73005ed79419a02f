"""Escaping of foreign text for display: it may contain characters that move the cursor or hide or reverse text.

Names of files, columns, keys, settings and profiles, and texts from a server or a ledger, may contain any
character. They are escaped here before they are written to a terminal, a log or a page. JSON output uses JSON's
own escapes, so that its texts stay the same. Results files contain the data unchanged.
"""

import re

from provisioner.system.patterns import late_pattern

LONGEST_NAME = 200
"""Maximum number of characters of a name that are shown."""
LONGEST_NUMBER = 40
"""Maximum number of characters that are shown of a text that should be a number."""

_UNSEEN = (
    "\x00-\x1f\x7f-\x9f"  # control characters, including ESC, CSI and OSC
    "\xad\u061c\u180e\u200b-\u200f\u2060-\u206f\ufeff\ufff9-\ufffb"  # zero-width characters and direction marks
    "\u2028-\u202e"  # line and paragraph separators, and direction overrides
    "\ud800-\udfff"  # surrogates, as which Python decodes bytes that are not UTF-8
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"  # format characters and tags
)
_unseen = late_pattern(f"[{_UNSEEN}]")


class Styled(str):
    """Text in which foreign parts are already escaped; its escape sequences and line breaks are intended."""

    __slots__ = ()


def printable(text: str) -> str:
    r"""Return ``text`` with invisible and control characters escaped, such as ``\x1b`` and ``\u202e``.

    Backslashes are not doubled, so that paths and patterns stay readable.
    """
    return text if text.isprintable() else _unseen.sub(_escaped, text)


def printable_json(line: str) -> str:
    """Return a line of JSON with the same characters as JSON escapes; the decoded value does not change."""
    return line if line.isascii() and line.isprintable() else _unseen.sub(_json_escaped, line)


def shortened(name: str, most: int = LONGEST_NAME) -> str:
    """Return ``name`` cut to ``most`` characters; a cut name ends with an ellipsis."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def shortened_path(path: str) -> str:
    """Return ``path`` cut to ``LONGEST_NAME`` characters at its start, so that the file name stays."""
    return path if len(path) <= LONGEST_NAME else f"…{path[1 - LONGEST_NAME :]}"


def quoted(name: str, most: int = LONGEST_NAME) -> str:
    """Return ``name`` as a quoted Python string literal, cut to ``most`` characters before quoting."""
    return repr(shortened(name, most))


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _json_escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))
