"""Sources: input files, globs, addresses, pipes and stdin, read strictly and without converting any value.

``open_sources`` detects how each input is to be read and gives the reasons (``Source.detection``);
``Source.records`` reads it. Reading raises ``InputError`` when the rest of an input cannot be trusted. A fault of
a single record sets its ``problem`` instead.
"""

from provisioner.sources.files.discovery import STDIN, expand
from provisioner.sources.files.remote import is_remote

from .detection import PARQUET, WORKBOOK, WORKBOOKS, Detected, Detection
from .open import open_sources
from .restart import RESTART_GAP, RestartPoints
from .skipped import SkippedRecords
from .source import ObjectSource, RecordWriter, Source, enumerate_records, first_members, record_batches

__all__ = [
    "PARQUET",
    "RESTART_GAP",
    "STDIN",
    "WORKBOOK",
    "WORKBOOKS",
    "Detected",
    "Detection",
    "ObjectSource",
    "RecordWriter",
    "RestartPoints",
    "SkippedRecords",
    "Source",
    "enumerate_records",
    "expand",
    "first_members",
    "is_remote",
    "open_sources",
    "record_batches",
]
