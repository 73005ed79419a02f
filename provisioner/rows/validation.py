"""Checks of single texts of a row.

Each returns the reasons why a text is not valid, an empty tuple when it is. No reason repeats the text, which may
be customer data. The limits are Twilio's (Twilio: ``POST /v2/WebChats``, Conversations messages) unless a
docstring says otherwise.
"""

import msgspec

from provisioner.errors import UsageError
from provisioner.models.sids import SidKind
from provisioner.options.durations import DURATIONS
from provisioner.system.patterns import late_pattern

from .cut_numbers import CUT_NUMBER, CUT_NUMBER_CURE, holds_cut_number
from .timers import SHORTEST_CLOSE_S, SHORTEST_INACTIVE_S, parse_timer

MAX_NAME_CHARACTERS = 256
"""Longest friendly name, in characters."""
MAX_IDENTITY_CHARACTERS = 256
"""Longest identity, in characters."""
MAX_KEY_CHARACTERS = 512
"""Longest key, in characters. The limit is ours: it keeps the ledger small."""
MAX_ATTRIBUTES_BYTES = 16 * 1024
"""Largest attributes of a conversation, in UTF-8 bytes of the compact JSON (Twilio: Conversations limits)."""
MAX_MESSAGE_BYTES = 32 * 1024
"""Longest message body, in UTF-8 bytes: the largest limit that Twilio publishes (Twilio: Conversations limits)."""

NO_FAULT: tuple[str, ...] = ()
"""Result of a check of a valid text."""

_OTHER_SIDS = {
    "AD": "begins with AD, like the SID of a postal address",
    "IS": "begins with IS, like the SID of a Conversations service",
}
_UNRESERVED = late_pattern(r"[A-Za-z0-9._~-]*")
"""Characters that a URL holds as they are (RFC 3986, section 2.3)."""
_members_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_NOT_MEANT = (
    "if this column is not meant for it, --set {field}= ignores it in a new job; in one that has begun, rename it"
)
_MARKER = late_pattern(r"[A-Za-z0-9_]{1,64}")
_HEADER_VALUE = late_pattern(r"[!-~](?:[ -~]*[!-~])?")


def validate_address(text: str) -> tuple[str, ...]:
    """Check that a text is a Conversations Address SID (``IG…``), and name other kinds of SID as such.

    Twilio's own error only says that the address is invalid.
    """
    if SidKind.ADDRESS.matches(text):
        return NO_FAULT
    if SidKind.ADDRESS.matches(text.strip()):
        return ("has spaces around it",)
    other = _OTHER_SIDS.get(text[:2], "is not the SID of a Conversations Address")
    return (f"{other}; one is {SidKind.ADDRESS.form}",)


def validate_account(text: str) -> tuple[str, ...]:
    """Check that a text is the SID of an account (``AC…``)."""
    return (
        NO_FAULT if SidKind.ACCOUNT.matches(text) else (f"is not the SID of an account: {SidKind.ACCOUNT.form}",)
    )


def validate_name(text: str) -> tuple[str, ...]:
    """Check a friendly name: at most 256 characters, and ``validate_text``."""
    return _validate_length(text, MAX_NAME_CHARACTERS) + validate_text(text)


def validate_identity(text: str) -> tuple[str, ...]:
    """Check a guest's identity: at most 256 printable characters without spaces around them, no cut number.

    Twilio only advises against the characters for which ``is_unadvised_identity`` is true.
    """
    length = _validate_length(text, MAX_IDENTITY_CHARACTERS)
    if _UNRESERVED.fullmatch(text):
        return length
    return (*length, *(validate_text(text) or _validate_visible(text)), *_validate_digits(text))


def _validate_visible(text: str) -> tuple[str, ...]:
    is_visible = text.isprintable() and text == text.strip()
    return NO_FAULT if is_visible else ("may hold only printable characters, without spaces around them",)


def is_unadvised_identity(text: str) -> bool:
    """Return whether an identity has other characters than ASCII letters, digits and ``. _ ~ -``.

    Source: Twilio, https://www.twilio.com/docs/flex/developer/conversations/webchats-resource, which advises
    against the reserved characters of URLs.
    """
    return not _UNRESERVED.fullmatch(text)


def _validate_digits(text: str) -> tuple[str, ...]:
    return (f"{CUT_NUMBER}: {CUT_NUMBER_CURE}",) if holds_cut_number(text) else NO_FAULT


def validate_ui_version(text: str) -> tuple[str, ...]:
    """Check that a UI version is sent unchanged in an HTTP header: printable ASCII (RFC 9110, section 5.5)."""
    if _HEADER_VALUE.fullmatch(text):
        return NO_FAULT
    return ("must be printable ASCII characters without spaces around them, as it travels in a header",)


def validate_marker(text: str) -> tuple[str, ...]:
    """Check the member name of a marker: 1 to 64 ASCII letters, digits and ``_``, so that scripts can use it."""
    return NO_FAULT if _MARKER.fullmatch(text) else ("may hold only letters, digits and _, at most 64 of them",)


def validate_message(text: str) -> tuple[str, ...]:
    """Check the body of a message: at most 32 KiB in UTF-8, and ``validate_text``."""
    size = len(text.encode("utf-8", "surrogatepass"))
    length = (f"is {size} bytes, at most {MAX_MESSAGE_BYTES} are allowed",) if size > MAX_MESSAGE_BYTES else ()
    return length + validate_text(text)


def validate_author(text: str) -> tuple[str, ...]:
    """Check the author of a message: at most 256 characters, and ``validate_text``.

    Twilio publishes no limit for authors; this is that of identities, which authors mostly are.
    """
    return _validate_length(text, MAX_IDENTITY_CHARACTERS) + validate_text(text)


def validate_unique_name(text: str) -> tuple[str, ...]:
    """Check a unique name: at most 256 characters, not like a SID, no cut number, and ``validate_text``.

    Twilio publishes no limit of its length; this is that of friendly names. It stands in place of a SID in paths,
    so it must not lead elsewhere there. Source: Twilio, error 50390.
    """
    faults = _validate_length(text, MAX_NAME_CHARACTERS) + validate_text(text) + _validate_digits(text)
    if SidKind.CONVERSATION.matches(text):
        faults += ("looks like the SID of a conversation",)
    return (*faults, "is only dots") if text in {".", ".."} else faults


def validate_attributes(text: str) -> tuple[str, ...]:
    """Check attributes of a conversation: a JSON object of at most 16 KiB, without ``pre_engagement_data``.

    Twilio puts the pre-engagement data there, and other members are added to it.
    """
    try:
        members = _members_of(text)
        size = len(msgspec.json.format(text.encode(), indent=-1))
    except UnicodeEncodeError:
        return validate_surrogates(text)
    except RecursionError:
        return ("is nested too deeply",)
    except msgspec.ValidationError:
        return (f"must be a JSON object, like {{...}}; {_NOT_MEANT.format(field='attributes')}",)
    except msgspec.DecodeError:
        return (f"is not valid JSON; {_NOT_MEANT.format(field='attributes')}",)
    too_large = size > MAX_ATTRIBUTES_BYTES
    length = (f"comes to {size} bytes of JSON, at most {MAX_ATTRIBUTES_BYTES} are allowed",) if too_large else ()
    if "pre_engagement_data" in members:
        return (*length, "must not hold pre_engagement_data, which has columns of its own")
    return length


def validate_inactive_after(text: str) -> tuple[str, ...]:
    """Check the time until a conversation becomes inactive: a minute at least."""
    return _validate_timer(text, "inactive_after", SHORTEST_INACTIVE_S, "a minute")


def validate_close_after(text: str) -> tuple[str, ...]:
    """Check the time until a conversation is closed: ten minutes at least."""
    return _validate_timer(text, "close_after", SHORTEST_CLOSE_S, "ten minutes")


def _validate_timer(text: str, field: str, shortest_s: float, shortest: str) -> tuple[str, ...]:
    try:
        seconds = parse_timer(text, "")
    except UsageError:
        meant = _NOT_MEANT.format(field=field)
        return (f"is not a length of time {DURATIONS}: write it as 90m, 1h30m or PT90M; {meant}",)
    return (f"is shorter than {shortest}, the shortest that Twilio takes",) if seconds < shortest_s else NO_FAULT


def validate_key(text: str) -> tuple[str, ...]:
    """Check a row's key: at most 512 characters, no number that Excel has cut, and ``validate_text``."""
    return _validate_length(text, MAX_KEY_CHARACTERS) + validate_text(text) + _validate_digits(text)


def validate_text(text: str) -> tuple[str, ...]:
    """Check that a text can be sent: it can be encoded as UTF-8 and has no NUL character.

    A NUL means that the file was read in the wrong encoding. All other control characters are sent unchanged.
    """
    if "\0" in text:
        return ("holds a NUL character: was the file read in the right encoding?",)
    return validate_surrogates(text)


def validate_surrogates(text: str) -> tuple[str, ...]:
    """Check that a text can be encoded as UTF-8, which a lone surrogate (half of a pair) cannot."""
    if text.isascii():
        return NO_FAULT
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return (f"has half of a surrogate pair at character {error.start + 1}, which is not text",)
    return NO_FAULT


def _validate_length(text: str, most: int) -> tuple[str, ...]:
    if len(text) <= most:
        return NO_FAULT
    return (f"is {len(text)} characters long, at most {most} are allowed",)
