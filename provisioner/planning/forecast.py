"""What a run will do, told before it does it. Pure."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta

from provisioner.models import PlanReport
from provisioner.models.forecast import TWILIO_LIMIT, Forecast
from provisioner.models.text import pluralize
from provisioner.options import Rate

FREE_IDENTITIES = 200
"""Twilio bills monthly active users beyond so many; whether silent guests count is not confirmed."""


FORESEEN_S = 10 * 366 * 24 * 3600.0
"""What takes longer than ten years has no end that is worth a date."""


def _later(start: datetime, seconds: float) -> datetime | None:
    return start + timedelta(seconds=seconds)


def forecast(
    report: PlanReport,
    *,
    to_send: int,
    to_post: int = 0,
    to_look_up: int = 0,
    rate: Rate,
    duration_s: float | None = None,
    now: datetime,
    finish: Callable[[datetime, float], datetime | None] = _later,
    is_real: bool,
    notes: tuple[str, ...] = (),
) -> Forecast:
    """Work out how long ``to_send`` rows take and what else is worth knowing first.

    ``duration_s`` is given where it does not follow from rows and pace. ``to_post`` rows are created and wait for
    their first message, ``to_look_up`` rows and messages are unknown from an earlier run. ``finish`` says when
    so many seconds of sending are over, None where that is too far ahead. ``is_real`` says that the requests will
    reach Twilio; ``notes`` are put first.
    """
    is_paced = math.isfinite(rate.per_second)
    if is_paced and (duration_s is None or not to_send):
        duration_s = to_send / rate.per_second
    return Forecast(
        counts=report.counts,
        to_send=to_send,
        to_post=to_post,
        to_look_up=to_look_up,
        rate_asked=rate.per_second if is_paced else None,
        duration_s=duration_s,
        finishes_at=finish(now, duration_s) if duration_s is not None and duration_s <= FORESEEN_S else None,
        notes=(*notes, *_changes(report), *_cautions(to_send, rate, is_real=is_real)),
    )


def _changes(report: PlanReport) -> list[str]:
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
    return notes


def _cautions(to_send: int, rate: Rate, *, is_real: bool) -> list[str]:
    notes = []
    if to_send and rate.per_second > TWILIO_LIMIT:
        notes.append(
            f"Twilio allows {TWILIO_LIMIT:.0f} WebChats a second per account, the live website's included: "
            "expect 429s, and a slower pace"
        )
    if is_real and to_send > FREE_IDENTITIES:
        notes.append(f"this makes {to_send:,} new identities, which Twilio may bill as monthly active users")
    return notes
