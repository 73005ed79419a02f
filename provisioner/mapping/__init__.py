"""From a record's values to the texts of a WebChat.

``targets`` what names stand for · ``templates`` texts with columns in them · ``header`` finding columns ·
``rules`` and ``assignments`` what the user asked for · ``supplies`` and ``layouts`` rules meet columns ·
``binders`` records of one or of many shapes · ``mapping`` the whole.
"""

from .binders import Binder
from .mapping import Mapping

__all__ = ["Binder", "Mapping"]
