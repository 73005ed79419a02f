"""SIDs: the names Twilio gives to things. Two capital letters say of what kind, 32 hexadecimal digits which one.

A SID that comes from outside (a reply, a ledger, a results file, an option) is checked here before anything is
done with it, because it may become part of the path of a request. Twilio publishes the pattern
``^CH[0-9a-fA-F]{32}$`` and writes the digits in lower case. Both cases are accepted, a SID is kept as it was
written, and two that differ in case are two.

Source: the patterns in Twilio's OpenAPI description.
"""

import re
from collections.abc import Callable, Sequence
from enum import StrEnum

_DIGITS = 32
_DIGIT = "[0-9a-fA-F]"


class SidKind(StrEnum):
    """What a SID names; the value is its first two letters."""

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
    REQUEST = "RQ"

    def __init__(self, letters: str) -> None:
        """Compile what tells such SIDs."""
        self.matches: Callable[[str], object] = re.compile(rf"{letters}{_DIGIT}{{{_DIGITS}}}\Z").match
        """Say (by something or None) whether a text is a SID of this kind; for every reply, and so no function."""
        self._match_row = re.compile(rf"(?:{letters}{_DIGIT}{{{_DIGITS}}})*\Z").match

    @property
    def pattern(self) -> str:
        """The regular expression that a SID of this kind matches, and nothing around it."""
        return rf"^{self.value}{_DIGIT}{{{_DIGITS}}}\Z"

    @property
    def glob(self) -> str:
        """The same as a pattern of SQL's ``GLOB``, which reads a text up to its first NUL only."""
        return self.value + _DIGIT * _DIGITS

    @property
    def form(self) -> str:
        """What such a SID looks like, for messages."""
        return f"{self.value} and {_DIGITS} hexadecimal digits"

    def matches_all(self, texts: Sequence[str]) -> bool:
        """Say whether every text is a SID of this kind; all are looked at as one."""
        one_length = {len(self.value) + _DIGITS}
        return not texts or ({*map(len, texts)} == one_length and self._match_row("".join(texts)) is not None)

    def require(self, text: str) -> str:
        """Return ``text``; raise ``ValueError``, which does not repeat it, where it is no SID of this kind.

        For the last check before a SID becomes part of a path: what comes from outside was refused before.
        """
        if not self.matches(text):
            raise ValueError(f"not a SID of this kind: {self.form}")
        return text
