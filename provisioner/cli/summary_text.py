"""Text of a summary: the outcome, the accounting, the files, the notes, and the next command."""

import shlex
from collections.abc import Iterable, Iterator

from provisioner.models import Counts, MessageCounts, SettingsCounts
from provisioner.models.environment import working_folder
from provisioner.models.summary import CommandOutcome, Summary
from provisioner.models.text import duration_text, pluralize, rate_text

from .progress_text import OUTCOME_COLOURS
from .styles import composed, styled

_TITLES = {
    CommandOutcome.FINISHED: ("finished", "green"),
    CommandOutcome.CHECKED: ("checked", "green"),
    CommandOutcome.PLANNED: ("stopped as planned", "green"),
    CommandOutcome.STOPPED: ("stopped", "yellow"),
    CommandOutcome.GUARDED: ("stopped by a guard", "yellow"),
    CommandOutcome.UNREACHABLE: ("stopped: Twilio could not be reached,", "yellow"),
    CommandOutcome.FAILED: ("failed", "red"),
}

_TO_THE_END = {CommandOutcome.FINISHED, CommandOutcome.CHECKED}

_COLOURS = {**OUTCOME_COLOURS, "posted": "green", "set": "green", "duplicate": "red"}


def summary_lines(summary: Summary) -> Iterator[str]:
    """Yield the lines of a summary, styled; none when the summary holds nothing but an error."""
    if summary.elapsed_s is not None:
        yield _headline(summary)
    yield from _accounting(summary)
    for title, place in (("results", summary.output), ("failed", summary.failed), ("ledger", summary.ledger)):
        if place and place != "-":
            yield f"{title + ':':<9}{place}"
    for note in summary.notes:
        yield f"note:    {note}"
    if summary.next_command:
        yield composed("next:    ", styled(_next_line(summary), bold=True))


def _accounting(summary: Summary) -> Iterator[str]:
    """Yield the line of the rows, and one for each step that created rows have."""
    if summary.counts is not None and summary.outcome is not CommandOutcome.CHECKED:
        yield accounting_line(summary.counts)
    if summary.conversation_settings is not None and summary.conversation_settings.total:
        yield settings_line(summary.conversation_settings)
    for called, counts in (("history", summary.history), ("messages", summary.messages)):
        if counts is not None and counts.total:
            yield messages_line(counts, called)


def _next_line(summary: Summary) -> str:
    """Return the next command, after a change to the folder in which it was typed if that is another one."""
    folder = summary.details.get("folder", "")
    change = "" if folder in {"", working_folder()} else f"cd {shlex.quote(folder)} && "
    return f"{change}{summary.next_command}"


def accounting_line(counts: Counts) -> str:
    """Return ``input 10 = created 8 + …``, with ``≠`` in place of ``=`` if a row is not accounted for."""
    parts = [_part(name, getattr(counts, name)) for name in OUTCOME_COLOURS]
    open_parts = {"pending": counts.pending, "in flight": counts.in_flight}
    parts += [f"{name} {number:,}" for name, number in open_parts.items() if number]
    sign = "=" if counts.is_balanced else styled("≠", fg="red", bold=True)
    return composed(f"input {counts.input:,} ", sign, " ", *_sum(parts))


def messages_line(messages: MessageCounts, called: str = "messages") -> str:
    """Return ``messages 8 = posted 7 + …``: the messages of the created rows; ``called`` says which."""
    parts = [_part(name.replace("_", " "), number) for name, number in messages.accounting.items()]
    return composed(f"{called} {messages.total:,} = ", *_sum(parts))


def settings_line(settings: SettingsCounts) -> str:
    """Return ``settings 8 = set 7 + …``: the settings of the conversations of created rows."""
    parts = [_part(name, number) for name, number in settings.accounting.items()]
    return composed(f"settings {settings.total:,} = ", *_sum(parts))


def _sum(parts: Iterable[str]) -> Iterator[str]:
    for place, part in enumerate(parts):
        if place:
            yield " + "
        yield part


def _part(name: str, number: int) -> str:
    text = f"{name} {number:,}"
    return styled(text, fg=_COLOURS.get(name)) if number else text


def _headline(summary: Summary) -> str:
    title, colour = _TITLES[summary.outcome]
    took = f"{'in' if summary.outcome in _TO_THE_END else 'after'} {duration_text(summary.elapsed_s or 0.0)}"
    pace = f" at {rate_text(summary.rate_achieved)}" if summary.rate_achieved is not None else ""
    throttled = f", {pluralize('answer', summary.throttled, 'was', 'were')} 429" if summary.throttled else ""
    return composed(styled(title, fg=colour, bold=True), f" {took}{pace}{throttled}")
