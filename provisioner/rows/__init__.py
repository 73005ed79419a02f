"""From a record's texts to the request that is sent for it.

``faults`` what is wrong with a text · ``pre_engagement`` the JSON · ``requests`` the whole ·
``digests`` what names a row · ``naming`` what is put on its request · ``masking`` what may be shown of it.
"""

from .digests import digest, identity_for, marker_for
from .faults import address_faults, marker_faults, ui_version_faults
from .masking import masked
from .naming import Naming
from .pre_engagement import is_nearly_full
from .requests import build, rebuild

__all__ = [
    "Naming",
    "address_faults",
    "build",
    "digest",
    "identity_for",
    "is_nearly_full",
    "marker_faults",
    "marker_for",
    "masked",
    "rebuild",
    "ui_version_faults",
]
