"""The three descriptors that a program counts on."""

import os

STANDARD = (0, 1, 2)


def open_missing_descriptors() -> None:
    """Open stdin, stdout and stderr on ``/dev/null`` where the program was started without them.

    A file that is opened later would otherwise get their number: a ledger that of stdout. And uvloop aborts the
    process where one is missing. ``sys.stdout`` and its like stay None, which says that nobody gave them.
    """
    for number in STANDARD:
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
