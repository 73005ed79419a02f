"""Options of a run that several workers share, and of a worker that joins it."""

import re

import msgspec

from provisioner.errors import UsageError
from provisioner.system.addresses import masked_address
from provisioner.system.patterns import late_pattern
from provisioner.system.printable import LONGEST_NAME, LONGEST_NUMBER, quoted

from .declaration import Options, option
from .durations import parse_duration
from .groups import GiveUpOptions, OutputFormatOptions, TimeZoneOptions
from .telemetry import TelemetryOptions

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


MOST_WORKERS = 1000
"""Most workers of an engine: far above what one account's rate can use."""
USUAL_WORKERS = 2
"""Workers of an engine when no number is given: one goes on when the other dies."""
ENGINES = "local or dask://HOST:PORT"
_DASK = late_pattern(
    r"dask://(?P<host>\[[0-9a-f:.]+(?:%[\w.-]+)?\]|[\w.-]+)(?::(?P<port>\d{1,5}))?/?", re.IGNORECASE | re.ASCII
)
_DASK_PORT = 8786
"""Port on which a Dask scheduler listens unless it is told otherwise."""
_PORTS = 2**16


class EngineChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Engine that keeps workers: the Dask cluster of ``scheduler``, ``HOST:PORT``; this machine without it."""

    scheduler: str = ""


def parse_engine(text: str, flag: str = "--engine") -> EngineChoice | None:
    """Return the engine written as ``local`` or ``dask://HOST:PORT``; None for an empty text.

    The port may be missing, 8786 then. Raise ``UsageError``, which names ``flag``, for any other text.
    """
    if not text:
        return None
    if text == "local":
        return EngineChoice()
    found = _DASK.fullmatch(text)
    port = int(found["port"] or _DASK_PORT) if found else 0
    if found is None or not 0 < port < _PORTS:
        shown = quoted(masked_address(text), LONGEST_NAME)
        raise UsageError(f"{flag} {shown} is not an engine: {ENGINES}", cure="name the host of the scheduler")
    return EngineChoice(scheduler=f"{found['host']}:{port}")


class SharingOptions(Options):
    """Several workers; with a ledger in PostgreSQL."""

    lease: str = option(
        "15s",
        "How long a worker that says nothing keeps its rows; after that, others take them.",
        metavar="TIME",
        check=parse_lease,
        span=LEASES,
    )
    engine: str = option(
        "",
        "Start the workers, and replace those that die: as processes of this machine, or on a Dask cluster.  "
        "[default: this process is the one worker]",
        metavar="ENGINE",
        check=parse_engine,
        span=ENGINES,
    )
    workers: int = option(
        0, f"Workers that --engine keeps.  [default: {USUAL_WORKERS}]", metavar="N", most=MOST_WORKERS
    )


class WorkerOptions(GiveUpOptions, TelemetryOptions, TimeZoneOptions, OutputFormatOptions):
    """``provisioner worker``."""

    profile: str = option(
        "", "Take the credentials from this twilio-cli profile.  [default: that of the run]", metavar="NAME"
    )
    proxy: str = option(
        "",
        "Reach Twilio through this http(s) proxy.  [default: that of the run]",
        metavar="URL",
    )
    loop: str = option(
        "auto",
        "Event loop: uvloop needs less CPU time, and auto uses it where it is installed.",
        choices=("auto", "asyncio", "uvloop"),
    )
