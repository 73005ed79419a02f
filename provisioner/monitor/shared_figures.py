"""Figures of the workers of a shared run: as each stores them, and added up."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import msgspec
from msgspec import structs

from provisioner.models import MessageStatus, SettingsStatus, Status
from provisioner.models.progress import LOOKING_UP, SENDING, Progress
from provisioner.models.reasons import ErrorReason

from .figures import NO_FIGURES, RunFigures


def encode_figures(figures: RunFigures) -> str:
    """Return the figures of a worker as JSON; its error sentences hold no customer's data."""
    return msgspec.json.encode(figures).decode()


def decode_figures(text: str) -> RunFigures:
    """Return the figures that ``encode_figures`` has written; those of a run that sent nothing for no text."""
    if not text:
        return NO_FIGURES
    told: dict[str, Any] = msgspec.json.decode(text)
    told["reasons"] = [ErrorReason(**{**each, "status": _status(each["status"])}) for each in told["reasons"]]
    for name in ("resolved_to", "settled"):
        told[name] = {Status(status): number for status, number in told[name].items()}
    return RunFigures(**told)


def added_figures(parts: Sequence[RunFigures], *, rate_achieved: float | None) -> RunFigures:
    """Return the figures of a run from those of its workers; ``rate_achieved`` is that of all of them."""
    messages = [each.messages for each in parts if each.messages is not None]
    settled = _added_counts(each.settled for each in parts)
    reasons = _added_reasons(reason for each in parts for reason in each.reasons)
    return RunFigures(
        done=sum(each.done for each in parts),
        reasons=[*_still_true(reasons, settled.get(Status.UNKNOWN, 0))],
        resolved_to=_added_counts(each.resolved_to for each in parts),
        throttled=sum(each.throttled for each in parts),
        orphans=sum(each.orphans for each in parts),
        ignores_identity=any(each.ignores_identity for each in parts),
        most_in_flight=sum(each.most_in_flight for each in parts),
        rate_achieved=rate_achieved,
        sent=sum(each.sent for each in parts),
        settled=settled,
        messages=sum(messages) if messages else None,
    )


def combined_rate(parts: Sequence[tuple[float, float]]) -> float:
    """Return the rate of all workers, each given by its mean rate and the seconds over which it was measured.

    The plain sum would be above the rate of the account while a worker that has just joined takes over a part of
    what others have sent until then.
    """
    span_s = max((seconds for _, seconds in parts), default=0.0)
    return sum(rate * seconds for rate, seconds in parts) / span_s if span_s else 0.0


def combined_state(states: Sequence[str]) -> str:
    """Return the state of a run for display from those of its workers; look-ups begin when all rows were sent."""
    if LOOKING_UP in states:
        return LOOKING_UP
    if not states:
        return "waiting for workers"
    return SENDING if SENDING in states else next(filter(None, states), SENDING)


class FiguresSource(Protocol):
    """Monitor of what one worker does, in one account or in many."""

    def figures(self) -> RunFigures:
        """Return the figures so far."""
        ...

    def snapshot(self) -> Progress:
        """Return the current progress."""
        ...


def progress_of_worker(monitor: FiguresSource) -> Progress:
    """Return the progress of one worker alone: its monitor has the counts of the run only as of its start."""
    settled = monitor.figures().settled
    shown = {status: max(settled.get(status, 0), 0) for status in Status}
    return structs.replace(
        monitor.snapshot(),
        done=max(sum(settled.values()), 0),
        created=shown[Status.CREATED],
        rejected=shown[Status.REJECTED],
        unknown=shown[Status.UNKNOWN],
        unsent=shown[Status.UNSENT],
        invalid=0,
        is_of_one_worker=True,
    )


def _added_counts(parts: Iterable[Any]) -> dict[Status, int]:
    counts: Counter[Status] = Counter()
    for each in parts:
        for status, number in each.items():  # a Counter's own sum drops what is not above zero
            counts[status] += number
    return dict(counts)


def _added_reasons(reasons: Iterable[ErrorReason]) -> Sequence[ErrorReason]:
    """Return the reasons of all workers, equal ones as one with the rows of all, the most frequent first."""
    added: dict[tuple[str, str, str], ErrorReason] = {}
    for each in reasons:
        key = (each.of, each.status.value, each.code)
        rows = each.rows + (added[key].rows if key in added else 0)
        added[key] = ErrorReason(each.status, each.code, added.get(key, each).sentence, rows, each.of)
    return sorted(added.values(), key=lambda each: -each.rows)


def _still_true(reasons: Iterable[ErrorReason], unknown: int) -> Iterator[ErrorReason]:
    """Yield the reasons, those of unknown rows for at most ``unknown``: others may have looked them up."""
    for each in reasons:
        if each.status is not Status.UNKNOWN or each.of != "row":
            yield each
        elif unknown > 0:
            yield ErrorReason(each.status, each.code, each.sentence, min(each.rows, unknown), each.of)
            unknown -= each.rows


def _status(word: str) -> Status | MessageStatus | SettingsStatus:
    for kind in (Status, MessageStatus, SettingsStatus):
        if word in {each.value for each in kind}:
            return kind(word)
    return Status.UNKNOWN
