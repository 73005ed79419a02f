"""SIDs, Twilio's identifiers: two capital letters for the kind of resource, then 32 hexadecimal digits.

A SID that comes from outside (a reply, a ledger, a results file, an option) is checked before it is used, because
it may become part of a URL. Twilio's published pattern, such as ``^CH[0-9a-fA-F]{32}$``, allows digits in both
cases; Twilio itself writes lower case. A SID is kept as it was written, and SIDs that differ in case are
different.

Source: Twilio's OpenAPI description, https://github.com/twilio/twilio-oai.
"""

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cached_property

_DIGITS = 32
_DIGIT = "[0-9a-fA-F]"


class SidKind(StrEnum):
    """Kind of resource that a SID identifies; the value is the first two letters of such SIDs."""

    ACCOUNT = "AC"
    API_KEY = "SK"
    ADDRESS = "IG"
    """A Conversations Address."""
    SERVICE = "IS"
    """A Conversations service."""
    CONVERSATION = "CH"
    PARTICIPANT = "MB"
    """A participant of a conversation."""
    MESSAGE = "IM"
    """A message in a conversation."""
    USER = "US"
    INTERACTION = "KD"
    INTERACTION_CHANNEL = "UO"
    WORKSPACE = "WS"
    """A workspace of TaskRouter."""
    REQUEST = "RQ"

    @cached_property
    def matches(self) -> Callable[[str], object]:
        """Return a match if a text is a SID of this kind, else None; a bound method, for speed."""
        return re.compile(rf"{self.value}{_DIGIT}{{{_DIGITS}}}\Z").match

    @cached_property
    def _match_row(self) -> Callable[[str], object]:
        return re.compile(rf"(?:{self.value}{_DIGIT}{{{_DIGITS}}})*\Z").match

    @property
    def pattern(self) -> str:
        """Regular expression that matches a whole text that is a SID of this kind."""
        return rf"^{self.value}{_DIGIT}{{{_DIGITS}}}\Z"

    @property
    def glob(self) -> str:
        """Pattern for SQLite's ``GLOB`` operator, which compares a text only up to its first NUL character."""
        return self.value + _DIGIT * _DIGITS

    @property
    def form(self) -> str:
        """Description of the format for messages, such as ``CH and 32 hexadecimal digits``."""
        return f"{self.value} and {_DIGITS} hexadecimal digits"

    def matches_all(self, texts: Sequence[str]) -> bool:
        """Return whether every text is a SID of this kind; one regular expression checks all of them together."""
        one_length = {len(self.value) + _DIGITS}
        return not texts or ({*map(len, texts)} == one_length and self._match_row("".join(texts)) is not None)

    def require(self, text: str) -> str:
        """Return ``text`` if it is a SID of this kind; otherwise raise ``ValueError`` without repeating it.

        This is the last check before a SID becomes part of a URL; input from outside is checked earlier.
        """
        if not self.matches(text):
            raise ValueError(f"not a SID of this kind: {self.form}")
        return text
