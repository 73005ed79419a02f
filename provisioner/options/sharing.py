"""Options of a run that several workers share, and of a worker that joins it."""

from dataclasses import dataclass

from provisioner.errors import UsageError
from provisioner.system.printable import LONGEST_NUMBER, quoted

from .durations import parse_duration
from .groups import GiveUpOptions, OutputFormatOptions, option

SHORTEST_LEASE_S, LONGEST_LEASE_S = 2.0, 300.0
"""Shortest and longest lease in seconds: a network may be silent for a second, and a dead one's rows wait."""
LEASES = "2s to 5m"


def parse_lease(text: str, flag: str = "--lease") -> float:
    """Return the length of a lease in seconds; raise ``UsageError``, which names ``flag``, for any other text."""
    try:
        seconds = parse_duration(text, flag)
    except UsageError:
        seconds = 0.0
    if not SHORTEST_LEASE_S <= seconds <= LONGEST_LEASE_S:
        shown = quoted(text, LONGEST_NUMBER)
        raise UsageError(f"{flag} {shown} is not a length of time from {LEASES}", cure="write it as 15s or 1m")
    return seconds


@dataclass(frozen=True, kw_only=True)
class SharingOptions:
    """Several workers; with a ledger in PostgreSQL."""

    lease: str = option(
        "15s",
        "How long a worker that says nothing keeps its rows; after that, others take them.",
        metavar="TIME",
        check=parse_lease,
        span=LEASES,
    )


@dataclass(frozen=True, kw_only=True)
class WorkerOptions(GiveUpOptions, OutputFormatOptions):
    """``provisioner worker``."""

    profile: str = option(
        "", "Take the credentials from this twilio-cli profile.  [default: that of the run]", metavar="NAME"
    )
    proxy: str = option(
        "",
        "Reach Twilio through this http(s) proxy.  [default: that of the run, without a password]",
        metavar="URL",
    )
    loop: str = option(
        "auto",
        "Event loop: uvloop needs less CPU time, and auto uses it where it is installed.  [default: auto]",
        choices=("auto", "asyncio", "uvloop"),
    )
