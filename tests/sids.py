"""Complete SIDs for tests, in Twilio's format."""


def sid(kind: str, number: int = 0) -> str:
    """Return the ``number``-th SID of a kind, such as ``CH``."""
    return f"{kind}{number:032x}"


def conversation_sid(number: int = 0) -> str:
    """Return the SID of the ``number``-th conversation."""
    return sid("CH", number)


def message_sid(number: int = 0) -> str:
    """Return the SID of the ``number``-th message."""
    return sid("IM", number)


def request_sid(number: int = 0) -> str:
    """Return the ``Twilio-Request-Id`` of the ``number``-th request."""
    return sid("RQ", number)
