"""Short construction of mapped records."""

from typing import Any

from provisioner.models import FIELDS, Mapped, WebChatRequest


def mapped_of(**values: Any) -> Mapped:
    """Return a mapped record; values with the name of a request field are put into its request."""
    texts = {name: values.pop(name) for name in FIELDS if name in values}
    return Mapped(WebChatRequest(**texts), **values)
