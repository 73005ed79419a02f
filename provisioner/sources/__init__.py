"""The inputs: files, globs, pipes and stdin, read strictly, value for value as they stand.

``open_sources`` decides how each input is read and says why (``Source.detection``); ``Source.records`` reads it.
An input that cannot be trusted raises ``InputError``; a record that alone is wrong has its ``problem`` set.
"""

from provisioner.sources.files.discovery import STDIN, expand
from provisioner.sources.json.objects import members_of

from .detection import WORKBOOK, Detected, Detection
from .open import open_sources
from .source import RecordWriter, Source, enumerate_records

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
