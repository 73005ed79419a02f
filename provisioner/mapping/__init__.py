"""From a record's values to the texts of a WebChat.

``targets`` what names stand for · ``templates`` texts with columns in them · ``conversions`` typed JSON ·
``paths`` values inside a value · ``header`` finding columns · ``rules``, ``assignments``, ``mapping_files``,
``preset_files`` what the user asked for · ``field_sources`` and ``layouts`` rules meet columns · ``binders``
records of one or of many shapes · ``mapping`` the whole · ``suggestions`` and ``column_words`` a start for an
export that nobody knows.
"""

from .binders import RecordMapper
from .column_words import is_about_a_person
from .header import did_you_mean
from .mapping import Mapping
from .preset_files import preset_text
from .suggestions import suggest
from .targets import parse_field

__all__ = ["Mapping", "RecordMapper", "did_you_mean", "is_about_a_person", "parse_field", "preset_text", "suggest"]
