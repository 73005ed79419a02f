"""Plans merged by the ledger and by a model of a few lines come to the same, whatever the inputs."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.ledger.sqlite.ledger import SqliteLedger, open_sqlite_ledger
from provisioner.ledger.sqlite.reader import open_sqlite_reader
from provisioner.models import Counts, PlanEntry, PlanReport, Status
from tests.ledger_samples import ANSWERS, INPUT, NO_SID, SETTINGS, entry

SENT = {Status.CREATED, Status.REJECTED, Status.UNKNOWN, Status.IN_FLIGHT}
SENDS = (Status.PENDING, Status.UNSENT, Status.REJECTED)
Line = tuple[int, str | None, str]

records = st.tuples(st.sampled_from("abcd"), st.sampled_from("xy"), st.sampled_from([False, False, False, True]))
inputs = st.lists(records, max_size=7)
ends = st.lists(st.sampled_from([*ANSWERS, Status.IN_FLIGHT, None]), max_size=5)
histories = st.lists(st.tuples(inputs, ends), min_size=1, max_size=4)


@dataclass
class Known:
    """What the model remembers of a key."""

    status: Status
    digest: bytes
    sent: bytes | None = None


@dataclass
class Model:
    """The rules of a plan, one record at a time."""

    known: dict[str, Known] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)

    def plan(self, planned: Sequence[PlanEntry]) -> PlanReport:
        """Merge an input."""
        keys = _keys_of(planned)
        owners = _owners_of(planned, keys)
        self.lines, present, added, changed = [], set(), 0, 0
        for one, key in zip(planned, keys, strict=True):
            row = self.known.get(key) if key is not None and owners[key] == one.row else None
            owned = key is not None and owners[key] == one.row
            if one.problems and row is not None and row.status in SENT and key is not None:
                changed += 1
                self.lines.append((one.row, key, _shown(row.status)))
            elif one.problems or not owned or key is None:
                self.lines.append((one.row, key, "invalid"))
            else:
                added += row is None
                row = self.known.setdefault(key, Known(Status.PENDING, one.digest))
                row.digest = one.digest
                changed += row.status in SENT and row.sent != one.digest
                self.lines.append((one.row, key, _shown(row.status)))
            present |= {key} if owned else set()
        vanished = len(self.known.keys() - present)
        return PlanReport(counts=self.counts(), added=added, vanished=vanished, changed=changed)

    def sendable(self, planned: Sequence[PlanEntry]) -> list[str]:
        """Return the keys that a run may send, in input order."""
        return [
            key
            for one, (_, key, status) in zip(planned, self.lines, strict=True)
            if key and not one.problems and status in {"unsent", "rejected"}
        ]

    def counts(self) -> Counts:
        """Count what the lines say, telling apart what the results do not."""
        found = [
            self.known[key].status.value if status != "invalid" and key else status
            for _, key, status in self.lines
        ]
        return Counts(input=len(found), **{status: found.count(status) for status in set(found)})


def _keys_of(planned: Sequence[PlanEntry]) -> list[str | None]:
    seen: dict[str, int] = {}
    keys: list[str | None] = []
    for one in planned:
        if one.key or one.problems:
            keys.append(one.key or None)
            continue
        content = one.digest.hex()
        seen[content] = seen.get(content, 0) + 1
        keys.append(content if seen[content] == 1 else f"{content}-{seen[content]}")
    return keys


def _owners_of(planned: Sequence[PlanEntry], keys: Sequence[str | None]) -> dict[str, int]:
    """Return the row each key belongs to: the first valid one, or else the first."""
    owners: dict[str, int] = {}
    for one, key in sorted(
        zip(planned, keys, strict=True), key=lambda pair: (bool(pair[0].problems), pair[0].row)
    ):
        if key is not None:
            owners.setdefault(key, one.row)
    return owners


def _shown(status: Status) -> str:
    return {Status.PENDING: "unsent", Status.IN_FLIGHT: "unknown"}.get(status, status.value)


async def send(ledger: SqliteLedger, model: Model, wanted: Sequence[Status | None]) -> list[str]:
    """Send the first rows to their ends, in the ledger and in the model; return the keys handed out."""
    await ledger.start_run(SENDS)
    claims = await ledger.claim(100)
    for claim, status in zip(claims, wanted, strict=False):
        if status is None:
            continue
        row = model.known[claim.key]
        assert claim.digest == row.digest
        await ledger.begin(claim.id)
        row.status, row.sent = Status.IN_FLIGHT, row.digest
        if status is not Status.IN_FLIGHT:
            await ledger.settle(claim.id, status, ANSWERS[status])
            row.status = status
    return [claim.key for claim in claims]


async def live(
    path: Path, history: Sequence[tuple[list[tuple[str, str, bool]], list[Status | None]]], *, keyed: bool
) -> None:
    """Plan and send, again and again, comparing after each step."""
    model = Model()
    for records_, wanted in history:
        planned = [
            entry(row, key if keyed else "", content if keyed else key + content, *[NO_SID] * broken)
            for row, (key, content, broken) in enumerate(records_, start=1)
        ]
        async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
            report = await ledger.plan(planned, INPUT)
            assert report == model.plan(planned)
            assert report.counts.is_balanced
            with open_sqlite_reader(path) as reader:
                assert [(line.row, line.key, line.status) for line in reader.results()] == model.lines
            expected = model.sendable(planned)
            assert await send(ledger, model, wanted) == expected
            assert await ledger.counts() == model.counts()


@settings(deadline=None, max_examples=120)
@given(history=histories, keyed=st.booleans())
def test_plans_merge_as_the_model_says(
    history: list[tuple[list[tuple[str, str, bool]], list[Status | None]]], keyed: bool
) -> None:
    """No sequence of inputs and outcomes makes a plan lose, double or resend a row."""
    with TemporaryDirectory() as folder:
        asyncio.run(live(Path(folder, "job.ledger"), history, keyed=keyed))
