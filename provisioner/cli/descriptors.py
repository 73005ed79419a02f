"""File descriptors of stdin, stdout and stderr, opened where they are missing."""

import os

STANDARD = (0, 1, 2)


def open_missing_descriptors() -> None:
    """Open stdin, stdout and stderr on ``/dev/null`` where the program was started without them.

    Otherwise a file that is opened later, such as the ledger, would get the number of stdout, and uvloop would
    abort the process. ``sys.stdout`` and the other stream objects stay None.
    """
    for number in STANDARD:
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the system gives the lowest free number, which is this one
