"""Results file: one record per input row, written completely or not at all, and read back.

``writing`` writes and replaces the file · ``csv_lines`` its lines as CSV · ``reading`` reads one back, and
``layout`` finds its columns · ``pairing`` rows of the ledger with records of the input · ``outputs`` all output
files of a job.
"""

from .pairing import paired
from .reading import (
    ResultLine,
    WholeLine,
    can_be_rebuilt_from,
    names_accounts,
    read_results,
    read_whole_results,
)
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
    "WholeLine",
    "atomic_write",
    "can_be_rebuilt_from",
    "check_writable",
    "format_of",
    "names_accounts",
    "paired",
    "read_results",
    "read_whole_results",
    "write_results",
]
