"""Text of a plan: how many rows will be sent, and how long that takes."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from provisioner.models.forecast import AccountForecast, Forecast, MappedField
from provisioner.models.text import duration_text, pluralize, rate_text
from provisioner.system.printable import shortened
from provisioner.system.shown_time import clock_text, moment_text, shown_time

_NIGHT_S = 6 * 3600
_WEEK_S = 6 * 24 * 3600
_WIDEST = 60


def plan_lines(plan: Forecast) -> Iterator[str]:
    """Yield the line of the plan, then a line for each of its notes."""
    invalid = plan.counts.invalid
    bad = f"; {invalid:,} {'is' if invalid == 1 else 'are'} invalid" if invalid else ""
    post = f"; {pluralize('first message', plan.to_post)} to post" if plan.to_post else ""
    look_up = f"; {plan.to_look_up:,} unknown to look up" if plan.to_look_up else ""
    rows = pluralize("row", plan.counts.input)
    yield from mapping_lines(plan.mapping)
    yield from account_lines(plan.accounts)
    yield f"plan: {plan.to_send:,} of {rows} to send{_time_text(plan)}{post}{look_up}{bad}"
    yield from (f"note: {note}" for note in plan.notes)


def account_lines(accounts: Sequence[AccountForecast]) -> Iterator[str]:
    """Yield how many rows each account has, at which rate, and how long they take, a line for each account."""
    for each in accounts:
        called = f" ({shortened(each.name)})" if each.name else ""
        rows = pluralize("row", each.to_send)
        pace = "with no pace limit" if each.rate_asked is None else f"at {rate_text(each.rate_asked)}"
        time = f": {duration_text(each.duration_s)}" if each.duration_s else ""
        bad = f"; {each.counts.invalid:,} invalid" if each.counts.invalid else ""
        yield f"account {each.account_sid}{called}: {rows} {pace}{time}{bad}"


def mapping_lines(fields: Sequence[MappedField]) -> Iterator[str]:
    """Yield ``field ← from ← example`` in columns, a line for each field of the requests."""
    cells = [[shortened(text, _WIDEST) for text in (each.field, each.origin, each.example)] for each in fields]
    widths = [max(map(len, column), default=0) for column in zip(*cells, strict=True)][:2]
    for field, origin, example in cells:
        first, second = field.ljust(widths[0]), origin.ljust(widths[1])
        yield f"{first} ← {second} ← {example or '(empty)'}"


def _time_text(plan: Forecast) -> str:
    if plan.duration_s is None or plan.rate_asked is None:
        return ", with no pace limit"
    if not plan.to_send:
        return ""
    until = f", until {_moment_text(plan.finishes_at, plan.duration_s)}" if plan.finishes_at else ""
    return f" at {rate_text(plan.rate_asked)}: {duration_text(plan.duration_s)}{until}"


def _moment_text(moment: datetime, duration_s: float) -> str:
    """Return time and offset, with the weekday from six hours on, and with the date from six days on."""
    if duration_s < _NIGHT_S:
        return clock_text(moment)
    if duration_s < _WEEK_S:
        return f"{shown_time(moment):%A} {clock_text(moment, 'minutes')}"
    return moment_text(moment, "minutes")
