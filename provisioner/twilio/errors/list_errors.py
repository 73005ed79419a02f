"""What Twilio's replies to a request for a list mean where they hold no list, beyond the common table. Pure.

Only the code and whether it is a 429 count: ``paging`` writes the sentence, since it knows what is listed.
"""

from . import common_errors
from .error_table import ErrorTable, overlaid, rejects, stops

_FORBIDDEN = stops("the API key may not read this list: use a Standard API key of this account")

LIST_ERRORS = ErrorTable(
    overlaid(
        common_errors.CODES,
        {20008: _FORBIDDEN, 20403: _FORBIDDEN, 20404: rejects("there is no such list")},
    ),
    common_errors.STATUSES,
)
