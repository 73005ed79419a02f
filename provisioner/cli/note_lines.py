"""Notes on a terminal, broken between words."""

import os
from collections.abc import Sequence
from textwrap import wrap
from typing import TextIO

from provisioner.system.printable import printable

_NOTE = "note:"
_COMMAND = "provisioner "
_NARROWEST = 40


def names_command(text: str) -> bool:
    """Return whether a text contains a command of this program, which somebody may copy."""
    return _COMMAND in text


def note_lines(line: str, stream: TextIO) -> Sequence[str]:
    """Return a note for a terminal as lines that fit it, the further ones indented like its text.

    A note that names a command stays one line, so that the command can be copied, and so does any other line.
    """
    text = printable(line)
    if not text.startswith(_NOTE) or names_command(text) or not (width := _width_of(stream)):
        return [line]
    indent = len(text) - len(text.removeprefix(_NOTE).lstrip())
    return wrap(text, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)


def _width_of(stream: TextIO) -> int:
    """Return the width of a terminal of at least 40 columns, 0 for anything else."""
    try:
        width = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError, AttributeError):
        return 0
    return width if width >= _NARROWEST else 0
