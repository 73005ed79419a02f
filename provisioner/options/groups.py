"""The groups of options that commands share."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .durations import DURATIONS, parse_duration
from .limits import RATES, parse_rate


def option(
    default: Any,
    help_text: str,
    *,
    short: str = "",
    metavar: str = "",
    choices: tuple[str, ...] = (),
    env: str = "",
    off_flag: str = "",
    least: float = 0,
    most: float = math.inf,
    check: Callable[[str, str], object] | None = None,
    span: str = "",
) -> Any:
    """Declare one option.

    ``env`` is a further environment name, besides the one every option has. ``off_flag`` is the flag that
    turns a boolean off, for booleans that are on by default. A tuple default makes the flag repeatable.
    ``least`` and ``most`` bound a number. ``check`` reads a text that holds one, is given the flag's name with it,
    and raises ``UsageError`` for what is out of bounds, which ``span`` tells in the help.
    """
    metadata = {
        "help": help_text,
        "short": short,
        "metavar": metavar,
        "choices": choices,
        "env": env,
        "off_flag": off_flag,
        "least": least,
        "most": most,
        "check": check,
        "span": span,
    }
    return field(default=default, metadata=metadata)


MOST_AT_ONCE = 1024
"""Requests in flight: as many open files as a process may usually have. At Twilio's 5 a second, 16 are plenty."""
MOST_ROWS = 1_000_000_000
"""Rows of one job: more than any ledger was tried with, and still a number that can be meant."""
MOST_SEED = 2**63 - 1
"""The largest number that TOML promises to carry."""
HOUR_S = 3600
DAY_S = 24 * HOUR_S


@dataclass(frozen=True, kw_only=True)
class InputOptions:
    """How the input files are read; an empty text means: detect it."""

    encoding: str = option("", "Text encoding of the input, e.g. utf-8 or cp1252.  [default: detected]")
    delimiter: str = option("", "Field delimiter of CSV input; 'tab' for a tab.  [default: detected]")
    input_format: str = option("", "Format of the input.  [default: detected]", choices=("csv", "jsonl", "json"))

    def to_note(self) -> str:
        """Write down how the input is read, for ``from_note``."""
        return f"{self.encoding}\n{self.delimiter}\n{self.input_format}"

    @staticmethod
    def from_note(text: str) -> "InputOptions":
        """Read back what ``to_note`` wrote."""
        encoding, delimiter, input_format = text.split("\n")
        return InputOptions(encoding=encoding, delimiter=delimiter, input_format=input_format)


AUTO = "auto"
PRESETS = (
    AUTO,
    "salesforce-report",
    "salesforce-dataloader",
    "hubspot",
    "dynamics",
    "zendesk",
    "zoho",
    "pipedrive",
    "freshdesk",
    "intercom",
)
"""The CRM exports whose columns are known; each but ``auto`` has a mapping file in ``mapping/presets``."""


@dataclass(frozen=True, kw_only=True)
class MappingOptions:
    """Where each field of a WebChat comes from."""

    map: Path | None = option(None, "Take fields, key and input options from this mapping file.", metavar="FILE")
    preset: str = option(
        "", "Map the usual export of this CRM; auto recognises it by its columns.", choices=PRESETS
    )
    address_sid: str = option(
        "", "Conversations Address (IG…) of the WebChats.", metavar="IG…", env="PROVISIONER_ADDRESS_SID"
    )
    set: tuple[str, ...] = option(
        (), "Fill FIELD from columns, e.g. 'customer_friendly_name={First} {Last}'.", metavar="FIELD=TEMPLATE"
    )
    key: tuple[str, ...] = option(
        (),
        "Column that identifies a row; repeat for several.  [default: the row's content]",
        metavar="COLUMN",
    )
    friendly_name: bool = option(
        default=True,
        help_text="Add the customer's name to the pre-engagement data as friendlyName, as Twilio's own app does.",
        off_flag="--no-friendly-name",
    )
    identity: str = option(
        "auto",
        "Identity of each guest: 'auto' is one per row without personal data, 'none' lets Twilio pick, "
        "anything else is a template.",
        metavar="auto|none|TEMPLATE",
    )
    first_message: str = option(
        "",
        "Post this as the customer once the chat is created, e.g. 'I am {First} {Last}'; without it no flow "
        "starts.  [default: the column first_message]",
        metavar="TEMPLATE",
    )


@dataclass(frozen=True, kw_only=True)
class RateOptions:
    """How fast."""

    rate: str = option(
        "4/s",
        "WebChats to start per second: N, N/s, N/m, N/h; 0 is no limit, auto probes.",
        metavar="RATE",
        check=parse_rate,
        span=RATES,
    )


@dataclass(frozen=True, kw_only=True)
class PaceOptions(RateOptions):
    """How many at once."""

    concurrency: int = option(16, "Most requests in flight.", metavar="N", least=1, most=MOST_AT_ONCE)


@dataclass(frozen=True, kw_only=True)
class ScheduleOptions:
    """Schedule."""

    window: str = option(
        "",
        "Start requests only in these hours of every day, as 22:00-06:00; outside it pauses.",
        metavar="HH:MM-HH:MM",
    )
    tz: str = option(
        "", "Time zone of --window, and of {date} and {time}, as Europe/Berlin.  [default: this machine's]"
    )
    max_duration: str = option(
        "",
        "Stop, resumable, after this time (90s, 5m, 6h).",
        metavar="TIME",
        check=parse_duration,
        span=DURATIONS,
    )


@dataclass(frozen=True, kw_only=True)
class ConnectionOptions:
    """Connection."""

    timeout: float = option(
        30.0, "Seconds for one attempt, once the connection stands.", metavar="SECONDS", least=0.1, most=HOUR_S
    )
    base_url: str = option("", "Use this host in place of Twilio's; plain http on loopback only.", metavar="URL")
    profile: str = option("", "Take the credentials from this twilio-cli profile.", metavar="NAME")
    proxy: str = option("", "Reach Twilio through this http(s) proxy.", metavar="URL")
    loop: str = option(
        "auto",
        "Event loop: uvloop takes less of the processor, and is taken where it is installed.  [default: auto]",
        choices=("auto", "asyncio", "uvloop"),
    )


@dataclass(frozen=True, kw_only=True)
class TargetOptions(ConnectionOptions):
    """Connection or simulator."""

    simulate: bool = option(
        default=False, help_text="Use a simulator inside this process: no account needed, nothing leaves."
    )


@dataclass(frozen=True, kw_only=True)
class ReconcileTimingOptions:
    """Reconciliation timing."""

    settle_delay: float = option(
        5.0,
        "Seconds before a look-up may call a row absent; a second look follows.",
        metavar="SECONDS",
        most=DAY_S,
    )


@dataclass(frozen=True, kw_only=True)
class DashboardOptions:
    """Watching it in a browser."""

    dashboard: str = option(
        "", "Serve the live page here; its address, with a token, is said at the start.", metavar="[HOST:]PORT"
    )
    dashboard_public: bool = option(default=False, help_text="Let other machines see the page.")


@dataclass(frozen=True, kw_only=True)
class OutputFormatOptions:
    """What every command has."""

    json: bool = option(default=False, help_text="Print the summary as one JSON object on stdout.")


@dataclass(frozen=True, kw_only=True)
class ResultsOptions:
    """How results are written."""

    output: Path | None = option(
        None,
        "Results file; .csv or .jsonl; - is stdout, as CSV; {date} and {time} go into its name.",
        short="-o",
        metavar="PATH",
    )
    format: str = option("", "Format of the results.  [default: by the file's suffix]", choices=("csv", "jsonl"))
    include_input: bool = option(default=False, help_text="Repeat the input's own columns after ours.")
    formula_guard: bool = option(
        default=True,
        help_text="Escape CSV cells that a spreadsheet would run as a formula.",
        off_flag="--no-formula-guard",
    )
    failed: Path | None = option(
        None, "Also write the rows that were not created, in the input's own format.", metavar="PATH"
    )
