"""The inputs: files, globs, pipes and stdin, read strictly, value for value as they stand.

``open_sources`` decides how each input is read and says why (``Source.detection``); ``Source.records`` reads it.
An input that cannot be trusted raises ``InputError``; a record that alone is wrong has its ``problem`` set.
"""

from .detect import Detected, Detection
from .json_object import members_of
from .naming import STDIN, expand
from .numbering import enumerate_records
from .opening import open_sources
from .source import RecordWriter, Source
from .workbook import WORKBOOK

__all__ = [
    "STDIN",
    "WORKBOOK",
    "Detected",
    "Detection",
    "RecordWriter",
    "Source",
    "enumerate_records",
    "expand",
    "members_of",
    "open_sources",
]
