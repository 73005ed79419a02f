"""Notes on a terminal."""

import fcntl
import io
import os
import pty
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from provisioner.cli.note_lines import note_lines

NOTE = (
    "note:    2 rows rejected: 45715, Twilio could not add the customer: often the address belongs to another one"
)


@contextmanager
def terminal(columns: int) -> Iterator[TextIO]:
    """Yield a pseudo-terminal of this width."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(slave, "w") as stream:
        yield stream
    os.close(master)


def test_a_note_is_broken_between_words_where_the_terminal_ends() -> None:
    """Its further lines begin below its text; the words stay the same."""
    with terminal(60) as stream:
        lines = note_lines(NOTE, stream)

    assert [*lines] == [
        "note:    2 rows rejected: 45715, Twilio could not add the",
        "         customer: often the address belongs to another one",
    ]


def test_a_line_that_somebody_may_copy_or_read_by_program_stays_one() -> None:
    """A command, a line that is no note, and everything that is not on a terminal, or on a very narrow one."""
    command = f"note: provisioner check {'x' * 80} lists the invalid rows"
    path = f"results: {'a b ' * 40}"
    with terminal(60) as wide, terminal(20) as narrow:
        for line, stream in ((command, wide), (path, wide), (NOTE, io.StringIO()), (NOTE, narrow)):
            assert note_lines(line, stream) == [line]


def test_escapes_of_control_characters_are_counted() -> None:
    """A note with a foreign text is not wider than the terminal when it is printed."""
    with terminal(60) as stream:
        lines = note_lines("note: " + "\x1b[31m " * 12, stream)

    assert max(map(len, lines)) <= 60
    assert "\x1b" not in "".join(lines)
