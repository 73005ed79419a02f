"""The body of a create request, byte for byte what ``urllib.parse.urlencode`` makes, at half of its cost."""

import re

from provisioner.models import WebChatRequest

FORM = ("Content-Type", "application/x-www-form-urlencoded")
"""The header that goes with it."""

_escape_runs = re.compile(rb"[^A-Za-z0-9_.~ -]+").sub


def encode(request: WebChatRequest) -> bytes:
    """Return the form of ``POST /v2/WebChats``; empty fields are left out."""
    fields = (
        (b"AddressSid=", request.address_sid),
        (b"ChatFriendlyName=", request.chat_friendly_name),
        (b"CustomerFriendlyName=", request.customer_friendly_name),
        (b"PreEngagementData=", request.pre_engagement_data),
        (b"Identity=", request.identity),
    )
    return b"&".join([name + _quote(value) for name, value in fields if value])


def _quote(text: str) -> bytes:
    return _escape_runs(_escaped, text.encode()).replace(b" ", b"+")


def _escaped(run: re.Match[bytes]) -> bytes:
    return b"%%%b" % run[0].hex("%").upper().encode()
