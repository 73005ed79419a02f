"""Groups of options that several commands share."""

from pathlib import Path

from .declaration import Options, option
from .durations import DURATIONS, parse_duration
from .limits import RATES, parse_rate
from .presets import PRESETS

MOST_AT_ONCE = 1024
"""Most requests in flight: the usual limit of open files of a process. 16 are plenty for Twilio's 5 a second."""
MOST_ROWS = 1_000_000_000
"""Most rows of one job: above the size of any tested ledger, and a limit against mistyped numbers."""
MOST_SEED = 2**63 - 1
"""Largest seed: TOML guarantees integers of 64 bits (https://toml.io/en/v1.0.0#integer)."""
HOUR_S = 3600
DAY_S = 24 * HOUR_S


class MappingOptions(Options):
    """Where each field of a WebChat comes from."""

    map: Path | None = option(None, "Take fields, key and input options from this mapping file.", metavar="FILE")
    preset: str = option(
        "",
        "Map the usual export of this CRM, such as hubspot; auto recognises it by its columns.",
        metavar="NAME",
        choices=PRESETS,
    )
    address_sid: str = option(
        "", "Conversations Address (IG…) of the WebChats.", metavar="IG…", env="PROVISIONER_ADDRESS_SID"
    )
    set: tuple[str, ...] = option(
        (), "Fill FIELD from columns, e.g. 'customer_friendly_name={First} {Last}'.", metavar="FIELD=TEMPLATE"
    )
    key: tuple[str, ...] = option(
        (),
        "Column that identifies a row; several columns form one key.  [default: the row's content]",
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
        "Post this text as the customer after the chat is created, e.g. 'I am {First} {Last}'; without a first "
        "message no flow starts.  [default: the column first_message]",
        metavar="TEMPLATE",
    )


class HistoryOptions(Options):
    """Old chats."""

    history: str = option(
        "",
        "Post the messages of old chats in this file before the first message: columns key, author, body, date, "
        "attributes; sorted by key and date. Needs --key.",
        metavar="FILE",
    )


class AccountsOptions(Options):
    """Many accounts."""

    accounts: str = option(
        "",
        "File of the accounts of a job whose rows name, in the column account_sid, the account in which each is "
        "sent: columns account_sid, credentials (env:PREFIX or profile:NAME), name, address_sid, rate.",
        metavar="FILE",
    )


USUAL_RATE = "4/s"
"""Default of ``--rate``: it leaves one of Twilio's 5 WebChats a second to the live website."""


class RateOptions(Options):
    """Rate."""

    rate: str = option(
        USUAL_RATE,
        "WebChats to start per second: N, N/s, N/m, N/h; 0 is no limit, auto probes.",
        metavar="RATE",
        check=parse_rate,
        span=RATES,
    )


class PaceOptions(RateOptions):
    """Concurrency."""

    concurrency: int = option(16, "Most requests in flight.", metavar="N", least=1, most=MOST_AT_ONCE)


class TimeZoneOptions(Options):
    """Time zone."""

    tz: str = option(
        "",
        "Time zone of the times that are shown, of --window, {date} and {time}, e.g. Europe/Berlin; files and "
        "JSON have UTC.  [default: this machine's]",
        metavar="ZONE",
    )


class ScheduleOptions(TimeZoneOptions):
    """Schedule."""

    window: str = option(
        "",
        "Start requests only in these hours of every day, e.g. 22:00-06:00; pause outside them.",
        metavar="HH:MM-HH:MM",
    )
    max_duration: str = option(
        "",
        "Stop, resumable, after this time (90s, 5m, 6h).",
        metavar="TIME",
        check=parse_duration,
        span=DURATIONS,
    )


class ConnectionOptions(Options):
    """Connection."""

    timeout: float = option(
        30.0, "Seconds for one attempt, once the connection is open.", metavar="SECONDS", least=0.1, most=HOUR_S
    )
    base_url: str = option("", "Use this host in place of Twilio's; plain http on loopback only.", metavar="URL")
    profile: str = option("", "Take the credentials from this twilio-cli profile.", metavar="NAME")
    service_sid: str = option(
        "",
        "Conversations service of the WebChats, Flex's own.  [default: the account's default service]",
        metavar="IS…",
        env="TWILIO_CONVERSATIONS_SERVICE_SID",
    )
    proxy: str = option("", "Reach Twilio through this http(s) proxy.", metavar="URL")
    loop: str = option(
        "auto",
        "Event loop: uvloop needs less CPU time, and auto uses it where it is installed.",
        choices=("auto", "asyncio", "uvloop"),
    )


class TargetOptions(ConnectionOptions):
    """Connection or simulator."""

    simulate: bool = option(
        default=False, help_text="Use a simulator inside this process: no account needed, nothing leaves."
    )


class GiveUpOptions(Options):
    """Patience with the network."""

    give_up: str = option(
        "10m",
        "Wait at most so long for Twilio while it is out of reach, then stop, resumable, with exit code 7.",
        metavar="TIME",
        check=parse_duration,
        span=DURATIONS,
    )


class ReconcileTimingOptions(Options):
    """Reconciliation timing."""

    settle_delay: float = option(
        5.0,
        "Seconds before a look-up may report a row as absent; a second look-up confirms it.",
        metavar="SECONDS",
        most=DAY_S,
    )


class DashboardOptions(Options):
    """Live page and metrics."""

    dashboard: str = option(
        "", "Serve the live page here; its URL, with a token, is printed at the start.", metavar="[HOST:]PORT"
    )
    dashboard_public: bool = option(default=False, help_text="Let other machines see the page.")
    metrics_file: Path | None = option(
        None,
        "Also write the figures as Prometheus text, for the node exporter: every 10 s, and at the end.",
        metavar="PATH",
    )


class DetailOptions(Options):
    """Detail."""

    verbose: bool = option(
        default=False,
        short="-v",
        help_text="Show more: how each input was detected, and where each field comes from.",
    )


class OutputFormatOptions(Options):
    """Options of every command."""

    json: bool = option(default=False, help_text="Print the summary as one JSON object on stdout.")


class OverwriteOptions(Options):
    """Overwriting."""

    overwrite: bool = option(
        default=False, help_text="Replace a file that this program did not write; otherwise that is an error."
    )


class ResultsOptions(OverwriteOptions):
    """Results."""

    output: Path | None = option(
        None,
        "Results file; .csv or .jsonl; - is stdout, as CSV; {date} and {time} go into its name.",
        short="-o",
        metavar="PATH",
        is_required=True,
    )
    format: str = option("", "Format of the results.  [default: by the file's suffix]", choices=("csv", "jsonl"))
    include_input: bool = option(
        default=False, help_text="Add the input's columns after the columns of the results."
    )
    formula_guard: bool = option(
        default=True,
        help_text="Escape CSV cells that a spreadsheet would run as a formula.",
        off_flag="--no-formula-guard",
    )
    failed: Path | None = option(
        None,
        "Also write the rows to fix, rejected and invalid ones, in the input's own format.",
        metavar="PATH",
    )
