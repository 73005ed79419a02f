"""Meaning of Twilio's replies to reading or changing a conversation, in addition to the common table. Pure.

Source: Twilio, https://www.twilio.com/docs/api/errors and
https://www.twilio.com/docs/conversations/api/conversation-resource.
"""

from msgspec import structs

from . import common_errors
from .error_table import Classifications, ErrorTable, overlaid, postpones, rejects, stops

NAME_TAKEN = 50353
"""Code of a reply that another conversation has the unique name."""
_FORBIDDEN = stops("the API key may not change conversations: use a Standard API key of this account")
_NO_ENDPOINT = stops("Twilio's API is not at this address: check --base-url and the region")
_GONE = structs.replace(rejects("the conversation is gone"), is_gone=True)
_TIMER = rejects("Twilio refused a timer: inactive_after is a minute at least, close_after ten minutes")

CODES: Classifications = overlaid(
    common_errors.CONVERSATIONS,
    {
        20008: _FORBIDDEN,
        20403: _FORBIDDEN,
        20404: _GONE,
        50350: _GONE,
        NAME_TAKEN: rejects("the unique name belongs to another conversation"),
        50375: _TIMER,
        50376: _TIMER,
        50377: rejects("the conversation is closed"),
        50379: _TIMER,
        50380: _TIMER,
        50390: rejects("the unique name looks like the SID of a conversation"),
    },
)

STATUSES: Classifications = overlaid(
    common_errors.STATUSES,
    {
        403: _FORBIDDEN,
        404: _NO_ENDPOINT,
        405: _NO_ENDPOINT,
        409: postpones("another request is changing the conversation"),
    },
)

SETTINGS_ERRORS = ErrorTable(CODES, STATUSES, open_end="the settings may or may not be set")
