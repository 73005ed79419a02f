"""Every option, declared once: a field with its help becomes the flag, the environment name and the config key.

The classes are small groups that the commands combine by inheritance. Texts stay as the user gave them;
``parse_…`` turns one into the value a room works with and raises ``UsageError`` with the cure.
"""

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioner.errors import UsageError


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
) -> Any:
    """Declare one option.

    ``env`` is a further environment name, besides the one every option has. ``off_flag`` is the flag that
    turns a boolean off, for booleans that are on by default. A tuple default makes the flag repeatable.
    ``least`` bounds a number from below.
    """
    metadata = {
        "help": help_text,
        "short": short,
        "metavar": metavar,
        "choices": choices,
        "env": env,
        "off_flag": off_flag,
        "least": least,
    }
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class InputOptions:
    """How the input files are read; an empty text means: detect it."""

    encoding: str = option("", "Text encoding of the input, e.g. utf-8 or cp1252.  [default: detected]")
    delimiter: str = option("", "Field delimiter of CSV input; 'tab' for a tab.  [default: detected]")
    input_format: str = option("", "Format of the input.  [default: detected]", choices=("csv", "jsonl", "json"))

    def reading(self) -> str:
        """Write down how the input is read, for ``from_reading``."""
        return f"{self.encoding}\n{self.delimiter}\n{self.input_format}"

    @staticmethod
    def from_reading(text: str) -> "InputOptions":
        """Read back what ``reading`` wrote."""
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


@dataclass(frozen=True, kw_only=True)
class RateOptions:
    """How fast."""

    rate: str = option(
        "4/s", "WebChats to start per second: N, N/s, N/m, N/h; 0 is no limit, auto probes.", metavar="RATE"
    )


@dataclass(frozen=True, kw_only=True)
class PaceOptions(RateOptions):
    """How many at once."""

    concurrency: int = option(16, "Most requests in flight.", metavar="N", least=1)


@dataclass(frozen=True, kw_only=True)
class ReachOptions:
    """How Twilio is reached."""

    timeout: float = option(
        30.0, "Seconds for one attempt, once the connection stands.", metavar="SECONDS", least=0.1
    )
    base_url: str = option("", "Use this host in place of Twilio's; plain http on loopback only.", metavar="URL")
    profile: str = option("", "Take the credentials from this twilio-cli profile.", metavar="NAME")
    proxy: str = option("", "Reach Twilio through this http(s) proxy.", metavar="URL")


@dataclass(frozen=True, kw_only=True)
class CallOptions(ReachOptions):
    """How Twilio is reached, or played."""

    simulate: bool = option(
        default=False, help_text="Use a simulator inside this process: no account needed, nothing leaves."
    )


@dataclass(frozen=True, kw_only=True)
class SettleOptions:
    """How long looking waits."""

    settle_delay: float = option(
        5.0, "Seconds before a look-up may call a row absent; a second look follows.", metavar="SECONDS", least=0
    )


@dataclass(frozen=True, kw_only=True)
class UnknownOptions(SettleOptions):
    """What becomes of rows that may or may not have been created."""

    on_unknown: str = option(
        "reconcile",
        "Unknown rows: look them up and send what is certainly absent; hold them; or resend them blindly, "
        "which may create them twice.",
        choices=("reconcile", "hold", "resend"),
    )
    marker: str = option(
        "",
        "Put a mark of the row under this name into the pre-engagement data, to find it by without identity.",
        metavar="NAME",
    )


@dataclass(frozen=True, kw_only=True)
class FaceOptions:
    """What every command has."""

    json: bool = option(default=False, help_text="Print the summary as one JSON object on stdout.")


@dataclass(frozen=True, kw_only=True)
class ResultsOptions:
    """How results are written."""

    output: Path | None = option(
        None, "Results file; .csv or .jsonl; - is stdout, as CSV.", short="-o", metavar="PATH"
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


@dataclass(frozen=True, kw_only=True)
class CheckOptions(InputOptions, MappingOptions, RateOptions, FaceOptions):
    """``provisioner check``."""

    all: bool = option(default=False, help_text="List every invalid row, not only the first 20.")


@dataclass(frozen=True, kw_only=True)
class RunOptions(
    ResultsOptions, InputOptions, MappingOptions, UnknownOptions, PaceOptions, CallOptions, FaceOptions
):
    """``provisioner run``."""

    ledger: Path | None = option(None, "The durable record of the job.  [default: OUTPUT.ledger]", metavar="PATH")
    max_attempts: int = option(
        5, "Attempts per row in one run, of those that are safe to repeat.", metavar="N", least=1
    )
    ui_version: str = option("", "Value of the Ui-Version header.", metavar="TEXT")
    retry: tuple[str, ...] = option((), "Also send rows that Twilio rejected before.", choices=("rejected",))
    canary: int = option(1, "Send so many rows alone first; stop if all are refused; 0: none.", metavar="N")
    max_failures: str = option("", "Stop, resumable, at so many rejected or unknown rows.", metavar="N|P%")
    limit: int = option(0, "Send at most so many rows in this run; 0: all.", metavar="N")
    drain: float = option(30.0, "Seconds to finish what flies after a stop signal.", metavar="SECONDS")
    strict: bool = option(default=False, help_text="Send nothing when the input has invalid rows (exit code 3).")
    yes: bool = option(default=False, help_text="Ask no questions, and agree to a guessed encoding.")


@dataclass(frozen=True, kw_only=True)
class ExportOptions(ResultsOptions, FaceOptions):
    """``provisioner export``."""


@dataclass(frozen=True, kw_only=True)
class StatusOptions(FaceOptions):
    """``provisioner status``."""


@dataclass(frozen=True, kw_only=True)
class ReconcileOptions(SettleOptions, ReachOptions, FaceOptions):
    """``provisioner reconcile``."""

    rate: str = option("10/s", "Look-ups per second: N, N/s, N/m, N/h; 0 is no limit.", metavar="RATE")
    audit: bool = option(
        default=False, help_text="Change nothing; check that every created row has exactly one conversation."
    )


@dataclass(frozen=True, kw_only=True)
class MappingCommandOptions(InputOptions, FaceOptions):
    """``provisioner mapping``."""


@dataclass(frozen=True, kw_only=True)
class SimulateOptions(FaceOptions):
    """``provisioner simulate``."""

    host: str = option("127.0.0.1", "Address to listen on.", metavar="ADDRESS")
    port: int = option(4010, "Port to listen on; 0 takes a free one.", metavar="PORT")
    rate_limit: float = option(5.0, "WebChats let through in any second; 0 is no limit.", metavar="N")
    latency: str = option("0", "How long a request takes: milliseconds, or 50ms, 0.05s.", metavar="TIME")
    jitter: str = option("0", "How far that may deviate to either side.", metavar="TIME")
    fault: tuple[str, ...] = option((), "Let so many requests go wrong in this way.", metavar="NAME=PERCENT")
    faults: Path | None = option(None, "Take a script of faults from this TOML file.", metavar="FILE")
    seed: int | None = option(None, "Draw the faults from this seed.  [default: the script's]", metavar="N")
    concurrency_limit: int = option(
        0, "Answer 429 to more requests at once than this; 0 is no limit.", metavar="N"
    )
    lookup_lag: str = option("0", "How long no look-up shows a new conversation.", metavar="TIME")
    ignore_identity: bool = option(default=False, help_text="Overlook the Identity field, as older servers did.")
    refuse_identity: bool = option(default=False, help_text="Refuse requests with an Identity field.")


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Starts per second. ``per_second`` is ``math.inf`` for no limit; ``is_auto`` probes upward from it."""

    per_second: float
    is_auto: bool = False


_RATE = re.compile(r"(?P<count>\d+(?:\.\d+)?|\.\d+)\s*(?:/\s*(?P<unit>s|sec|m|min|h|hour))?")
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "hour": 3600}


def parse_rate(text: str) -> Rate:
    """Read ``4/s``, ``4``, ``240/m``, ``14400/h``, fractions, ``0`` (no limit) or ``auto``.

    ``auto`` starts at Twilio's safe default of 4 a second.
    """
    if text.strip().lower() == "auto":
        return Rate(per_second=4.0, is_auto=True)
    found = _RATE.fullmatch(text.strip().lower())
    if found is None:
        raise UsageError(f"--rate {text!r} is not a rate", cure="write it as 4/s, 240/m, 0.5/s, 0 or auto")
    per_second = float(found["count"]) / _SECONDS[found["unit"] or "s"]
    return Rate(per_second=per_second or math.inf)


@dataclass(frozen=True, kw_only=True)
class FailureLimit:
    """At how many failed rows a run stops: a count, or a share of the rows to send (0 to 1)."""

    count: int | None = None
    share: float | None = None

    def is_reached(self, failed: int, total: int) -> bool:
        """Say whether ``failed`` rows of ``total`` reach the limit."""
        limit = self.count if self.count is not None else (self.share or 0.0) * total
        return failed > 0 and failed >= limit


def parse_failure_limit(text: str) -> FailureLimit | None:
    """Read ``N`` or ``P%``; empty means no limit."""
    if not text:
        return None
    number = text.removesuffix("%")
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if not 0 < value < math.inf or (number == text and not value.is_integer()):
        raise UsageError(
            f"--max-failures {text!r} is not a limit", cure="write a count like 50 or a share like 2%"
        )
    return FailureLimit(count=int(value)) if number == text else FailureLimit(share=value / 100)
