"""The results file: one record per input row, written whole or not at all, and read back.

``writing`` puts it in place · ``reading`` takes what a job made out of one · ``outputs`` the files of a job.
"""

from .pairing import paired
from .reading import ResultLine, read_results
from .writing import (
    COLUMNS,
    READABLE,
    STDOUT,
    Cell,
    Format,
    InputColumns,
    atomic_write,
    check_writable,
    format_of,
    write_results,
)

__all__ = [
    "COLUMNS",
    "READABLE",
    "STDOUT",
    "Cell",
    "Format",
    "InputColumns",
    "ResultLine",
    "atomic_write",
    "check_writable",
    "format_of",
    "paired",
    "read_results",
    "write_results",
]
