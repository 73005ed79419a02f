"""Targets of a mapping: the field that the name of a column, or the FIELD of ``--set``, means."""

from provisioner.models import FIELDS
from provisioner.system.patterns import late_pattern

PRE_ENGAGEMENT_PREFIX = "pre_engagement."
"""Prefix of targets that are single members of the pre-engagement object."""

JSON_FIELDS = frozenset({"pre_engagement_data", "attributes"})
"""Fields whose text is a JSON object."""

RESERVED_PREFIX = "_"
"""First character of the columns that this program adds (``--failed``); they never fill a field by their name."""

_CONTENT = {"chat_friendly_name", "customer_friendly_name", "first_message", "pre_engagement_data"}

_COMMON = {"author", "attributes"}

_SEPARATORS = late_pattern(r"[\s_-]+")


def _folded(name: str) -> str:
    return _SEPARATORS.sub("", name).casefold()


_FIELD_BY_FOLDED = {_folded(field): field for field in FIELDS}
_MEMBER_PREFIXES = {_folded("pre_engagement"), _folded("pre_engagement_data")}


def parse_field(name: str) -> str:
    """Return the field that a name means, or ``pre_engagement.<name>``; empty when it means none.

    Case, spaces, ``_`` and ``-`` are ignored, so that Twilio's own spellings (``CustomerFriendlyName``) are
    accepted. The member name after the dot is kept unchanged.
    """
    head, dot, member = name.partition(".")
    if not dot:
        return _FIELD_BY_FOLDED.get(_folded(name), "")
    return PRE_ENGAGEMENT_PREFIX + member if member and _folded(head) in _MEMBER_PREFIXES else ""


def field_of_member(name: str) -> str:
    """Return the field that the name of a member of a JSON object or of a Parquet column means, empty for none.

    Objects of other systems have members of some of our names: ``author`` of a ticket, ``attributes`` of a record
    in Salesforce's API and in JSON:API. Those fields are filled by ``--set`` or a mapping file alone.
    """
    field = parse_field(name)
    return "" if field in _COMMON else field


def is_content(target: str) -> bool:
    """Say whether a target tells something about a customer, or by one; a chat without any is nameless."""
    return target in _CONTENT or target.startswith(PRE_ENGAGEMENT_PREFIX)
