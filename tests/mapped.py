"""Mapped records, written down in one go."""

from typing import Any

from provisioner.models import FIELDS, Mapped, WebChatRequest


def mapped_of(**values: Any) -> Mapped:
    """Return a mapped record of these values: those named like a field of a request are texts of its request."""
    texts = {name: values.pop(name) for name in FIELDS if name in values}
    return Mapped(WebChatRequest(**texts), **values)
