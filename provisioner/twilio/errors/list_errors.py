"""Meaning of Twilio's error replies to requests for lists, in addition to the common table. Pure.

Only the error code, the throttling and the wait are used; ``paging`` writes the error text, because it knows what
is listed. Source: Twilio, https://www.twilio.com/docs/api/errors.
"""

from . import common_errors
from .error_table import ErrorTable, overlaid, rejects, stops

_FORBIDDEN = stops("the API key may not read this list: use a Standard API key of this account")

LIST_ERRORS = ErrorTable(
    overlaid(
        common_errors.CONVERSATIONS,
        {20008: _FORBIDDEN, 20403: _FORBIDDEN, 20404: rejects("there is no such list")},
    ),
    common_errors.STATUSES,
)
