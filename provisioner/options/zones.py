"""Time zones as texts."""

from datetime import tzinfo

from provisioner.errors import UsageError
from provisioner.system.printable import quoted


def parse_zone(name: str, flag: str = "--tz") -> tzinfo | None:
    """Return the time zone for an IANA name such as ``Europe/Berlin``, None (this machine's) for an empty name.

    Raise ``UsageError`` when this machine does not know the name.
    """
    if not name:
        return None
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - most commands are given none

    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise UsageError(
            f"{flag} {quoted(name)} is not a time zone this machine knows",
            cure="write it as Europe/Berlin, or UTC",
        ) from error
