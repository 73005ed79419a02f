"""From a record's texts to the request that is sent for it.

``validation`` what is wrong with a text · ``pre_engagement`` the JSON · ``build`` the whole ·
``digests`` what names a row · ``identity`` what is put on its request · ``masking`` what may be shown of it.
"""

from .build import build_request, rebuild_request
from .digests import digest, identity_for, marker_for
from .identity import IdentityPolicy
from .masking import mask_request
from .pre_engagement import is_nearly_full
from .validation import validate_address, validate_marker, validate_ui_version

__all__ = [
    "IdentityPolicy",
    "build_request",
    "digest",
    "identity_for",
    "is_nearly_full",
    "marker_for",
    "mask_request",
    "rebuild_request",
    "validate_address",
    "validate_marker",
    "validate_ui_version",
]
