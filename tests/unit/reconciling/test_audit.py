"""What an audit makes of what it is shown, first and on a second look."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import pytest

from provisioner.errors import GuardError
from provisioner.models import LookupObservation, UnknownRow
from provisioner.models.discrepancy import Discrepancy
from provisioner.reconciling.audit import Audit, AuditedRow
from provisioner.twilio.conversations import Conversation, LookupResult
from provisioner.twilio.paging import ListError

AWAY = LookupResult(trouble=ListError("server_error", "HTTP 503", HTTPStatus.SERVICE_UNAVAILABLE))
REFUSED = LookupResult(trouble=ListError("20404", "HTTP 404", HTTPStatus.NOT_FOUND))
THERE = LookupResult((Conversation("CH1"),))


class ScriptedFinder:
    """Shows what the test says, look by look; ``looks`` counts them."""

    by_identity = True

    def __init__(self, *script: LookupResult) -> None:
        self._script, self.looks = script, 0

    async def find(self, rows: Sequence[UnknownRow]) -> Mapping[int, LookupResult]:
        """Show the next thing to every row."""
        self.looks += 1
        return {row.id: self._script[self.looks - 1] for row in rows}

    async def look(
        self, rows: Sequence[UnknownRow], control: UnknownRow | None
    ) -> Mapping[int, LookupObservation]:
        """Fail: an audit does not look beside a control."""
        raise NotImplementedError


async def nothing_taken(_sids: Sequence[str]) -> set[str]:
    """Say that no conversation belongs to another row."""
    return set()


async def no_wait(_seconds: float) -> None:
    """Wait no time."""


@pytest.mark.parametrize(
    ("script", "flaws", "looks"),
    [
        ((THERE,), [], 1),
        ((LookupResult(), THERE), [], 2),
        ((LookupResult(), LookupResult()), [Discrepancy.NONE], 2),
        ((AWAY, THERE), [], 2),
        ((AWAY, AWAY), [Discrepancy.UNASKED], 2),
        ((REFUSED,), [Discrepancy.UNASKED], 1),
        ((LookupResult((Conversation("CH2"),)),), [Discrepancy.OTHER], 1),
        ((LookupResult((Conversation("CH1"), Conversation("CH2"))),), [Discrepancy.SEVERAL], 1),
    ],
)
async def test_what_may_change_is_looked_at_twice(
    script: tuple[LookupResult, ...], flaws: list[Discrepancy], looks: int
) -> None:
    """A row that is not found, or not answered for, gets a second look; what is certain, or refused, does not."""
    finder = ScriptedFinder(*script)
    audit = Audit(finder, taken=nothing_taken, settle_delay_s=5.0, is_known=True, sleep=no_wait)
    row = AuditedRow(UnknownRow(id=1, row=1, key="k", identity="wc-1", since=0.0, lost_at=0.0), "CH1")

    await audit.run([[row]])

    assert [finding.flaw for finding in audit.findings] == flaws
    assert (finder.looks, audit.rows, audit.is_done) == (looks, 1, True)


async def test_a_service_that_shows_no_conversation_of_the_job_is_another() -> None:
    """The first batch is looked up twice; then it stops, since nothing is said about a row by that."""
    finder = ScriptedFinder(LookupResult(), LookupResult())
    audit = Audit(finder, taken=nothing_taken, settle_delay_s=5.0, sleep=no_wait)
    rows = [
        AuditedRow(UnknownRow(id=each, row=each, key="k", identity=f"wc-{each}", since=0.0, lost_at=0.0), "CH1")
        for each in (1, 2)
    ]

    with pytest.raises(GuardError, match="default Conversations service"):
        await audit.run([rows, rows])

    assert (finder.looks, audit.rows, audit.is_done) == (2, 2, False)
