"""Plan of the histories of a job: which rows have one, and what a user has to know before anything is sent."""

from collections.abc import Iterator

import msgspec

from provisioner.errors import StrictError, UsageError
from provisioner.ledger import HistoryLedger
from provisioner.models import HistoryReport
from provisioner.models.text import pluralize
from provisioner.system.printable import shortened

from .file import HistoryFile

HISTORY_PER_SECOND = 20.0
"""Messages a second that are posted, unless the rate of WebChats asks for more.

Twilio allows 30 actions a second in each service, shared with the live website, and 30 messages in a conversation.
"""
_MOST_OF_KEY = 40
_NOTHING = HistoryReport()


class PlannedHistory(msgspec.Struct, frozen=True, kw_only=True):
    """What the plan of the histories found in the file ``name``; all 0 without one."""

    name: str = ""
    report: HistoryReport = _NOTHING

    @property
    def notes(self) -> Iterator[str]:
        """Yield sentences for the plan, none without a history."""
        report = self.report
        if not self.name:
            return
        chats = pluralize("row", report.chats, "has", "have")
        yield (
            f"{self.name}: {chats} a history, {pluralize('message', report.messages)} in all; they are posted "
            f"before the first message, about {HISTORY_PER_SECOND:.0f} a second"
        )
        if report.unmatched:
            lines = ", ".join(map(str, report.unmatched_lines))
            more = " and more" if report.unmatched > len(report.unmatched_lines) else ""
            keys = pluralize("key", report.unmatched, "belongs", "belong")
            yield f"{self.name}: {keys} to no valid row, and their messages are not posted: line {lines}{more}"
        if report.late:
            late = pluralize("row", report.late, "has", "have")
            yield f"{self.name}: {late} messages that came after the first message was posted: they are not posted"

    @property
    def refusal(self) -> StrictError | None:
        """The error with which ``--strict`` refuses keys that belong to no row."""
        if not self.report.unmatched:
            return None
        keys = pluralize("key", self.report.unmatched, "belongs", "belong")
        return StrictError(
            f"{self.name}: {keys} to no valid row of the input, so nothing was sent (--strict)",
            cure="correct the keys, remove those messages, or omit --strict",
        )


async def plan_history(ledger: HistoryLedger, history: HistoryFile | None) -> PlannedHistory:
    """Read the file of ``--history`` and store in the ledger which rows have messages to post.

    Raise ``InputError`` for a file that cannot be read or is not valid, and ``UsageError`` when messages that were
    posted are missing or different now, and when a job that has a history is run without it.
    """
    if history is None:
        if waiting := await ledger.waiting():
            raise UsageError(
                f"{pluralize('row', waiting, 'has', 'have')} messages of an old chat to post, and only the file "
                "of --history holds their texts",
                cure="add --history FILE as in the first run",
            )
        return PlannedHistory()
    report = await ledger.plan(history.entries())
    if report.changed:
        keys = ", ".join(shortened(key, _MOST_OF_KEY) for key in report.changed_keys)
        unnamed = report.changed - len(report.changed_keys)
        more = f" and {unnamed:,} more" if unnamed else ""
        raise UsageError(
            f"{history.name} has changed: messages that were posted are missing or different in it, of {keys}"
            f"{more}",
            cure="bring the earlier file back; messages may only be added behind those that were posted",
        )
    return PlannedHistory(name=history.name, report=report)
