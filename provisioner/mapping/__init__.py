"""Mapping: from the columns of a record to the fields of a WebChat request.

``targets`` names of fields · ``templates`` texts with ``{Column}`` placeholders · ``conversions`` typed JSON
values · ``paths`` values inside nested JSON · ``nulls`` names without a value · ``header`` columns by name ·
``rules`` what fills each field, read by ``assignments`` (options), ``mapping_files`` (TOML) and ``preset_files``
(presets) · ``account_sources`` what the account of a row decides · ``field_sources`` and ``layouts`` rules
compiled for one list of columns · ``binders`` mappers of a source · ``mapping`` the whole mapping of a job ·
``suggestions`` and ``column_words`` a proposed mapping file for an unknown export.
"""

from .account_sources import ACCOUNT_FIELD
from .binders import RecordMapper
from .column_words import is_about_a_person
from .header import did_you_mean
from .layouts import ADDRESS_CURE, NO_ADDRESS
from .mapping import Mapping
from .nulls import names_with_null
from .preset_files import describe_export, preset_hint, preset_text, suggest_command
from .suggestions import suggest
from .targets import PRE_ENGAGEMENT_PREFIX, field_of_member, is_content, parse_field

__all__ = [
    "ACCOUNT_FIELD",
    "ADDRESS_CURE",
    "NO_ADDRESS",
    "PRE_ENGAGEMENT_PREFIX",
    "Mapping",
    "RecordMapper",
    "describe_export",
    "did_you_mean",
    "field_of_member",
    "is_about_a_person",
    "is_content",
    "names_with_null",
    "parse_field",
    "preset_hint",
    "preset_text",
    "suggest",
    "suggest_command",
]
