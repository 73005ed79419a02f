"""Rows: from the texts of a record to the request that is sent for it.

``validation`` checks of single fields · ``cut_numbers`` numbers that spreadsheets have shortened ·
``pre_engagement`` the JSON of the pre-engagement data · ``timers`` the times of timers · ``build`` the whole
request · ``bulk`` many rows at once · ``digests`` digests and identities · ``identity`` adds identity and mark to
a request · ``masking`` a request without customer data, for display.
"""

from .build import build_request, rebuild_request
from .bulk import digest_plain_rows, rebuild_plain_rows
from .cut_numbers import holds_cut_number
from .digests import digest, history_digests, identity_for, is_generated_identity, marker_for
from .identity import IdentityPolicy
from .masking import mask_request, mask_text
from .pre_engagement import is_nearly_full
from .timers import SHORTEST_CLOSE_S, SHORTEST_INACTIVE_S, parse_timer
from .validation import (
    MAX_ATTRIBUTES_BYTES,
    is_unadvised_identity,
    validate_address,
    validate_marker,
    validate_ui_version,
)

__all__ = [
    "MAX_ATTRIBUTES_BYTES",
    "SHORTEST_CLOSE_S",
    "SHORTEST_INACTIVE_S",
    "IdentityPolicy",
    "build_request",
    "digest",
    "digest_plain_rows",
    "history_digests",
    "holds_cut_number",
    "identity_for",
    "is_generated_identity",
    "is_nearly_full",
    "is_unadvised_identity",
    "marker_for",
    "mask_request",
    "mask_text",
    "parse_timer",
    "rebuild_plain_rows",
    "rebuild_request",
    "validate_address",
    "validate_marker",
    "validate_ui_version",
]
