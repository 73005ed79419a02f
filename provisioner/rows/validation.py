"""What is wrong with one text of a row, given that there is one: reasons, none of which repeats the text.

The limits are Twilio's (``POST /v2/WebChats``, Conversations messages) unless a comment says otherwise.
"""

import re

from provisioner.models.sids import SidKind

MAX_NAME_CHARACTERS = 256
MAX_IDENTITY_CHARACTERS = 256
MAX_KEY_CHARACTERS = 512
"""Ours: what the ledger keeps of a row stays small."""
MAX_MESSAGE_BYTES = 32 * 1024

NO_FAULT: tuple[str, ...] = ()

_OTHER_SIDS = {
    "AD": "begins with AD, like the SID of a postal address",
    "IS": "begins with IS, like the SID of a Conversations service",
}
_IDENTITY = re.compile(r"[A-Za-z0-9._~-]+")
_MARKER = re.compile(r"[A-Za-z0-9_]{1,64}")
_HEADER_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")


def validate_address(text: str) -> tuple[str, ...]:
    """Check a Conversations Address SID; people paste other SIDs, and Twilio only says "is invalid"."""
    if SidKind.ADDRESS.matches(text):
        return NO_FAULT
    if SidKind.ADDRESS.matches(text.strip()):
        return ("has spaces around it",)
    other = _OTHER_SIDS.get(text[:2], "is not the SID of a Conversations Address")
    return (f"{other}; one is {SidKind.ADDRESS.form}",)


def validate_name(text: str) -> tuple[str, ...]:
    """Check a friendly name."""
    return _validate_length(text, MAX_NAME_CHARACTERS) + validate_text(text)


def validate_identity(text: str) -> tuple[str, ...]:
    """Check a guest's identity."""
    length = _validate_length(text, MAX_IDENTITY_CHARACTERS)
    if _IDENTITY.fullmatch(text):
        return length
    return (*length, "may hold only the letters A to Z, digits, and . _ ~ -")


def validate_ui_version(text: str) -> tuple[str, ...]:
    """Check that a text can be the value of an HTTP header without being changed on the way (RFC 9110, 5.5)."""
    if _HEADER_VALUE.fullmatch(text):
        return NO_FAULT
    return ("must be printable ASCII characters without spaces around them, as it travels in a header",)


def validate_marker(text: str) -> tuple[str, ...]:
    """Check the name of a job's marker: it stands in every row's JSON, and in scripts that look for it."""
    return NO_FAULT if _MARKER.fullmatch(text) else ("may hold only letters, digits and _, at most 64 of them",)


def validate_message(text: str) -> tuple[str, ...]:
    """Check the body of a message; Twilio publishes more than one limit, and this is the largest."""
    size = len(text.encode("utf-8", "surrogatepass"))
    length = (f"is {size} bytes, at most {MAX_MESSAGE_BYTES} are allowed",) if size > MAX_MESSAGE_BYTES else ()
    return length + validate_text(text)


def validate_key(text: str) -> tuple[str, ...]:
    """Check a row's key."""
    return _validate_length(text, MAX_KEY_CHARACTERS) + validate_text(text)


def validate_text(text: str) -> tuple[str, ...]:
    """Check that a text can travel: it has a UTF-8 form, and no NUL, which only a misread file has.

    Every other control character travels as it stands.
    """
    if "\0" in text:
        return ("holds a NUL character: was the file read in the right encoding?",)
    return validate_surrogates(text)


def validate_surrogates(text: str) -> tuple[str, ...]:
    """Check that a text has a UTF-8 form; half a surrogate pair has none."""
    if text.isascii():
        return NO_FAULT
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return (f"has half of a surrogate pair at character {error.start + 1}, which is no text",)
    return NO_FAULT


def _validate_length(text: str, most: int) -> tuple[str, ...]:
    if len(text) <= most:
        return NO_FAULT
    return (f"is {len(text)} characters long, at most {most} are allowed",)
