"""From a record's texts to the request that is sent for it.

``faults`` what is wrong with a text · ``pre_engagement`` the JSON · ``requests`` the whole ·
``digests`` what names a row · ``naming`` what is put on its request · ``masking`` what may be shown of it.
"""

from .digests import digest, identity_for, marker_for
from .faults import validate_address, validate_marker, validate_ui_version
from .masking import mask_request
from .naming import IdentityPolicy
from .pre_engagement import is_nearly_full
from .requests import build_request, rebuild_request

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
