"""Comparison of the server's conversations with the results of a job, row by row. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One input row: its customer's label, and its status and SID in the results."""

    row: int
    label: str
    status: str
    conversation_sid: str


@dataclass(frozen=True, slots=True)
class Made:
    """One conversation on the server with the label of its customer; an orphan has no participant."""

    conversation_sid: str
    label: str
    is_orphan: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """One missing, duplicate or wrongly named conversation, as a text, and the numbers of its rows."""

    text: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """Differences between the results and the server; all empty if there are none."""

    missing: tuple[Fault, ...] = ()
    twice: tuple[Fault, ...] = ()
    wrong: tuple[Fault, ...] = ()


def compare(lines: Sequence[Line], made: Iterable[Made]) -> Account:
    """Return the differences between the results (``lines``) and the server's conversations (``made``).

    Orphans are ignored. Rows with the same label share the conversations of that label. An unknown row may have a
    conversation or none.
    """
    by_label: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_label[line.label].append(line)
    sids: dict[str, list[str]] = defaultdict(list)
    for each in made:
        if not each.is_orphan:
            sids[each.label].append(each.conversation_sid)
    names = dict.fromkeys((*by_label, *sids))
    named = Counter(line.conversation_sid for line in lines if line.conversation_sid)
    return Account(
        missing=tuple(text for name in names for text in _missing(name, by_label[name], sids[name])),
        twice=tuple(text for name in names for text in _twice(name, by_label[name], sids[name])),
        wrong=tuple(text for name in names for text in _wrong(by_label[name], sids[name], named)),
    )


def _missing(label: str, lines: Sequence[Line], sids: Sequence[str]) -> Iterator[Fault]:
    in_doubt = sum(line.status == "unknown" for line in lines)
    for _ in range(len(lines) - in_doubt - len(sids)):
        yield _fault(lines, f"{label} has {len(sids)} conversations")


def _twice(label: str, lines: Sequence[Line], sids: Sequence[str]) -> Iterator[Fault]:
    for _ in range(len(sids) - len(lines)):
        yield _fault(lines, f"{label} has {len(sids)} conversations: {', '.join(sids)}")


def _wrong(lines: Sequence[Line], sids: Sequence[str], named: Counter[str]) -> Iterator[Fault]:
    for line in lines:
        sid = line.conversation_sid
        if line.status == "created" and sid not in sids:
            yield _fault([line], f"it names {sid or 'nothing'}, the server {', '.join(sids) or 'nothing'}")
        elif sid and named[sid] > 1:
            yield _fault([line], f"it is not the only one that names {sid}")


def _fault(lines: Sequence[Line], text: str) -> Fault:
    rows = tuple(line.row for line in lines)
    return Fault(f"rows {', '.join(map(str, rows)) or '(none)'}: {text}", rows)
