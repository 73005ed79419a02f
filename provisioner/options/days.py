"""Parser of days such as ``2026-11-01``."""

import re
from datetime import date

from provisioner.errors import UsageError
from provisioner.system.patterns import late_pattern
from provisioner.system.printable import LONGEST_NUMBER, quoted

DAYS = "YYYY-MM-DD, in UTC"
_DAY = late_pattern(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def parse_day(text: str, flag: str) -> date:
    """Return the day; raise ``UsageError``, which names ``flag``, for any other text than ``2026-11-01``."""
    try:
        if _DAY.fullmatch(text.strip()):
            return date.fromisoformat(text.strip())
    except ValueError:
        pass
    raise UsageError(
        f"{flag} {quoted(text, LONGEST_NUMBER)} is not a day of the form {DAYS}", cure="write it as 2026-11-01"
    )
