"""Options of ``provisioner simulate``."""

from pathlib import Path

from .declaration import option
from .durations import MILLISECONDS, parse_milliseconds
from .groups import MOST_ROWS, MOST_SEED, OutputFormatOptions, TimeZoneOptions
from .limits import FASTEST

HIGHEST_PORT = 65535


class SimulateOptions(TimeZoneOptions, OutputFormatOptions):
    """``provisioner simulate``."""

    host: str = option(
        "127.0.0.1", "Address to listen on; one that other machines reach needs --allow-remote.", metavar="ADDRESS"
    )
    allow_remote: bool = option(
        default=False, help_text="Allow a --host that other machines reach; all of them can use the simulator."
    )
    port: int = option(4010, "Port to listen on; 0 takes a free one.", metavar="PORT", most=HIGHEST_PORT)
    inspect: bool = option(
        default=False,
        help_text="Serve pages below /_simulator: its counts, and everything that was sent to it.",
    )
    rate_limit: float = option(
        5.0, "WebChats let through in any second; 0 is no limit.", metavar="N", most=FASTEST
    )
    latency: str = option(
        "0",
        "How long a request takes: milliseconds, or 50ms, 0.05s.",
        metavar="TIME",
        check=parse_milliseconds,
        span=MILLISECONDS,
    )
    jitter: str = option(
        "0",
        "How far the latency may deviate to either side.",
        metavar="TIME",
        check=parse_milliseconds,
        span=MILLISECONDS,
    )
    fault: tuple[str, ...] = option(
        (), "Make this share of requests fail with this fault.", metavar="NAME=PERCENT"
    )
    faults: Path | None = option(None, "Take a script of faults from this TOML file.", metavar="FILE")
    seed: int | None = option(
        None, "Draw the faults from this seed.  [default: the script's]", metavar="N", most=MOST_SEED
    )
    concurrency_limit: int = option(
        0, "Answer 429 to more requests at once than this; 0 is no limit.", metavar="N", most=MOST_ROWS
    )
    lookup_lag: str = option(
        "0",
        "How long look-ups do not show a new conversation.",
        metavar="TIME",
        check=parse_milliseconds,
        span=MILLISECONDS,
    )
    ignore_identity: bool = option(default=False, help_text="Ignore the Identity field, as older servers did.")
    refuse_identity: bool = option(default=False, help_text="Refuse requests with an Identity field.")
    repeated_identity: str = option(
        "accept",
        "What a second creation under one identity does.",
        choices=("accept", "refuse", "same"),
    )
    default_service: str = option(
        "flex", "Which service the account's default one is: Flex's, or another.", choices=("flex", "other")
    )
    service_sid: str = option("IS" + "5" * 32, "SID of the Flex Chat Service.", metavar="SID")
