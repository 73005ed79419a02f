"""Forecast of a run: how many rows it sends and how long that takes. Pure: no clock, no I/O."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import PurePath

import msgspec
from msgspec import structs

from provisioner.models import Counts, PlanReport
from provisioner.models.accounts import JobAccounts
from provisioner.models.forecast import TWILIO_LIMIT, AccountForecast, Forecast
from provisioner.models.text import pluralize
from provisioner.options import Rate, parse_rate
from provisioner.options.shell_command import export_command

FREE_IDENTITIES = 200
"""Number of monthly active users that Twilio does not bill (Twilio: Conversations pricing).

It is not confirmed whether a guest who never writes counts as an active user.
"""


FORESEEN_S = 10 * 366 * 24 * 3600.0
"""Longest duration, in seconds (ten years), for which a forecast gives a date of completion."""


def _later(start: datetime, seconds: float) -> datetime | None:
    return start + timedelta(seconds=seconds)


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of rows that a run has to process.

    ``to_send`` rows have to be created. ``to_post`` rows are created already and only lack their first message.
    ``to_look_up`` is the number of rows and messages with the status *unknown* from an earlier run.
    """

    to_send: int
    to_post: int = 0
    to_look_up: int = 0


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """Rate and duration of a run.

    ``duration_s`` is the time that sending takes, in seconds; None means that it is computed from the number of
    rows and ``rate``. ``finish(start, seconds)`` returns the time at which that many seconds of sending are over,
    or None when it is too far in the future to be computed. ``fastest`` is the highest rate of an account in
    starts per second, None where ``rate`` is that of the one account; ``accounts`` are the figures of each account
    of a job for many.
    """

    rate: Rate
    duration_s: float | None = None
    finish: Callable[[datetime, float], datetime | None] = _later
    fastest: float | None = None
    accounts: Sequence[AccountForecast] = ()


def forecast_accounts(
    accounts: JobAccounts, counts: Mapping[str, Counts], to_send: Mapping[str, int], usual_rate: str
) -> Sequence[AccountForecast]:
    """Return the figures of each account, in the order of the accounts; one without rows has none to send.

    ``counts`` are those of the accounts with rows by SID, ``to_send`` the numbers of rows that are to be created,
    ``usual_rate`` is the rate of accounts without one.
    """
    forecasts = []
    for account in accounts:
        rows = to_send.get(account.sid, 0)
        rate = parse_rate(account.rate or usual_rate).per_second
        is_paced = math.isfinite(rate)
        forecasts.append(
            AccountForecast(
                account_sid=account.sid,
                name=account.name,
                counts=counts.get(account.sid, Counts()),
                to_send=rows,
                rate_asked=rate if is_paced else None,
                duration_s=rows / rate if is_paced else None,
            )
        )
    return forecasts


def timing_of(accounts: Sequence[AccountForecast], timing: Timing) -> Timing:
    """Return the timing of a job for these accounts: they send at the same time, each at its own rate.

    ``timing`` is that of a job for one account; without ``accounts`` it holds.
    """
    if not accounts:
        return timing
    sending = [each for each in accounts if each.to_send] or accounts
    rates = [math.inf if each.rate_asked is None else each.rate_asked for each in sending]
    return structs.replace(
        timing,
        rate=Rate(per_second=sum(rates)),
        duration_s=max(each.duration_s or 0.0 for each in sending),
        fastest=max(rates),
        accounts=accounts,
    )


def forecast(
    report: PlanReport,
    work: Workload,
    timing: Timing,
    *,
    now: datetime,
    tells_cost: bool,
    notes: tuple[str, ...] = (),
    ledger: str = "",
) -> Forecast:
    """Return the forecast of a run that starts ``now``: counts, rate, duration, end and notes.

    ``report`` is the result of the plan pass. ``tells_cost`` adds a note about what
    Twilio may bill, which holds for every run. ``notes`` are sentences to put before the forecast's own.
    ``ledger`` is the name of the job's ledger, for a command in a note; only a job that was run before needs it.
    """
    rate, duration_s = timing.rate, timing.duration_s
    is_paced = math.isfinite(rate.per_second)
    if is_paced and (duration_s is None or not work.to_send):
        duration_s = work.to_send / rate.per_second
    return Forecast(
        counts=report.counts,
        to_send=work.to_send,
        to_post=work.to_post,
        to_look_up=work.to_look_up,
        rate_asked=rate.per_second if is_paced else None,
        duration_s=duration_s,
        finishes_at=timing.finish(now, duration_s)
        if duration_s is not None and duration_s <= FORESEEN_S
        else None,
        notes=(*notes, *_changes(report, ledger), *_cautions(work.to_send, timing, tells_cost=tells_cost)),
        accounts=timing.accounts,
    )


def _changes(report: PlanReport, ledger: str) -> list[str]:
    notes = []
    if report.vanished:
        vanished = pluralize("row", report.vanished)
        verb, left = ("is", "it is") if report.vanished == 1 else ("are", "they are")
        notes.append(f"{vanished} of an earlier run {verb} no longer in the input; {left} left alone")
    if report.changed:
        changed = pluralize("row", report.changed, "has", "have")
        notes.append(
            f"{changed} changed since being sent: none is sent again, and conversations keep what was sent"
        )
    if report.vanished:
        output = PurePath(ledger.removesuffix(".ledger")).with_suffix(".vanished.csv")
        export = export_command(ledger, output, "--vanished")
        notes.append(f"{export} writes the results of rows that left the input")
    return notes


def _cautions(to_send: int, timing: Timing, *, tells_cost: bool) -> list[str]:
    notes = []
    fastest = timing.rate.per_second if timing.fastest is None else timing.fastest
    if to_send and fastest > TWILIO_LIMIT:
        notes.append(
            f"Twilio allows {TWILIO_LIMIT:.0f} WebChats a second per account, the live website's included: "
            "expect 429s, and a slower pace"
        )
    if tells_cost and to_send > FREE_IDENTITIES:
        notes.append(f"this makes {to_send:,} new identities, which Twilio may bill as monthly active users")
    return notes
