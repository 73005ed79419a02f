"""Masked form of a request for display: field names and lengths, without customer data."""

import msgspec

from provisioner.models import WebChatRequest
from provisioner.system.patterns import late_pattern

_SHOWN = ("address_sid", "ui_version", "inactive_after", "close_after", "account_sid")
_JSON = ("pre_engagement_data", "attributes")
_OWN_IDENTITY = late_pattern(r"wc-[0-9a-f]{32}")
_members_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_KINDS = {"{": "object", "[": "list", "t": "boolean", "f": "boolean", "n": "null"}


def mask_request(request: WebChatRequest) -> dict[str, str]:
    """Return the filled fields of a request by name, each customer's text replaced by its length in characters.

    Shown in full are the SIDs of address and account, the UI version, the timers, and an identity that
    ``identity_for`` made. Of the pre-engagement data and the attributes the top-level names are shown, with the
    type or length of each value.
    """
    given = {field: text for field, text in msgspec.structs.asdict(request).items() if text}
    return {field: mask_text(field, text) for field, text in given.items()}


def mask_text(field: str, text: str) -> str:
    """Return the text of one field as ``mask_request`` shows it; ``pre_engagement_data`` stands for any JSON."""
    if field in _SHOWN or (field == "identity" and _OWN_IDENTITY.fullmatch(text)):
        return text
    if field in _JSON:
        return _masked_json(text)
    return _length(len(text))


def _masked_json(text: str) -> str:
    try:
        members = _members_of(text)
    except (ValueError, RecursionError):
        return _length(len(text))
    shown = [f"{msgspec.json.encode(name).decode()}: {_kind(bytes(raw))}" for name, raw in members.items()]
    return f"{{{', '.join(shown)}}}"


def _kind(raw: bytes) -> str:
    if raw.startswith(b'"'):
        return _length(len(msgspec.json.decode(raw, type=str)))
    return f"<{_KINDS.get(chr(raw[0]), 'number')}>"


def _length(characters: int) -> str:
    return f"<{characters} character{'' if characters == 1 else 's'}>"
