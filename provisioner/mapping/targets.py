"""What a column's name, or the FIELD of ``--set``, stands for."""

import re

from provisioner.models import FIELDS

PRE_ENGAGEMENT_PREFIX = "pre_engagement."
"""Prefix of the targets that are single values of the pre-engagement object."""

RESERVED_PREFIX = "_"
"""First character of the columns this program adds itself (``--failed``); they give nothing by name."""

_SEPARATORS = re.compile(r"[\s_-]+")


def _folded(name: str) -> str:
    return _SEPARATORS.sub("", name).casefold()


_FIELD_BY_FOLDED = {_folded(field): field for field in FIELDS}
_MEMBER_PREFIXES = {_folded("pre_engagement"), _folded("pre_engagement_data")}


def parse_field(name: str) -> str:
    """Return the field a name stands for, ``pre_engagement.<name>``, or an empty text.

    Case, spaces, ``_`` and ``-`` do not matter, so Twilio's own spellings are understood; what follows
    the dot of a pre-engagement value is kept as it stands.
    """
    head, dot, member = name.partition(".")
    if not dot:
        return _FIELD_BY_FOLDED.get(_folded(name), "")
    return PRE_ENGAGEMENT_PREFIX + member if member and _folded(head) in _MEMBER_PREFIXES else ""
