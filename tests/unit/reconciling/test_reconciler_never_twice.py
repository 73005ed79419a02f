"""Whatever happens in whatever order, a row in doubt is sent again only after its absence was verified.

The ledger, the decisions and the reconciler are the real ones; Twilio, the network and the clock are a model.
"""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import structs

from provisioner.ledger.sqlite.batch import Batch, BulkStatement
from provisioner.ledger.sqlite.conversation_filter import ConversationFilter
from provisioner.ledger.sqlite.ledger import SqliteLedger, open_sqlite_ledger
from provisioner.ledger.sqlite.writer import transaction
from provisioner.ledger.sqlite.writes import WriteStep
from provisioner.models import AttemptResult, Status, Verdict, WebChatRequest
from provisioner.options import Rate
from provisioner.reconciling import FinderChoice, Reconciler, choose_finder
from provisioner.reconciling.finders import Finder, IdentityFinder, MarkerFinder
from provisioner.rows import IdentityPolicy
from provisioner.sending.retry import Finish, decide_retry
from provisioner.system.clock import Clock as SystemClock
from provisioner.twilio.paging import ListError
from tests.ledger_samples import INPUT, SETTINGS, entries, query
from tests.unit.reconciling.bench import Clock, NotingReconcileObserver
from tests.unit.reconciling.model_server import AWAY, MARKER, REFUSED, Kept, ModelServer

KEYS = "abc"
DELAY_S = 5.0
MAX_ATTEMPTS = 2
SENDABLE = frozenset({Status.PENDING, Status.UNSENT})


@dataclass(frozen=True)
class Effect:
    """What a request does: whether it creates, how many seconds later, and how much later that is listed.

    ``is_half`` leaves a conversation without a guest instead.
    """

    is_created: bool
    is_half: bool = False
    after_s: float = 0.0
    lag_s: float = 0.0


NOBODY = cast(Any, None)
"""A transport that is never used: the finders that are chosen ask the model."""

UNANSWERED = {
    "lost": AttemptResult(Verdict.MAYBE, due=0, sent=0, ended=0, error_code="timeout"),
    "failed": AttemptResult(Verdict.MAYBE, due=0, sent=0, ended=0, http_status=500, error_code="20500"),
}
"""What may come back whether or not something was created."""
UNCREATED = {
    "refused": AttemptResult(Verdict.REFUSED, due=0, sent=0, ended=0, http_status=400, error_code="45745"),
    "throttled": AttemptResult(
        Verdict.NOT_PROCESSED, due=0, sent=0, ended=0, http_status=429, error_code="45780", is_throttled=True
    ),
}
"""What comes back only when nothing was."""
EFFECTS = st.builds(
    Effect,
    is_created=st.booleans(),
    is_half=st.sampled_from([False, False, True]),
    after_s=st.sampled_from([0.0, 0.0, 7.0, 40.0]),
    lag_s=st.sampled_from([0.0, 0.0, 4.0, 12.0, 60.0]),
)
HALTS = ["", "", "", "begun", "left"]
KINDS = ["created", "nameless", "nameless", *UNANSWERED, *UNCREATED]
WHICH = st.integers(0, 2)
ENDS = st.sampled_from(["leave", "release", "fail to connect"])
TROUBLES: st.SearchStrategy[list[ListError | None]] = st.just([]) | st.lists(
    st.sampled_from([None, None, None, AWAY, REFUSED]), min_size=3, max_size=8
)
SEND = st.fixed_dictionaries(
    {"which": WHICH, "effect": EFFECTS, "kind": st.sampled_from(KINDS), "halt": st.sampled_from(HALTS)}
)
LOOK_UP = st.fixed_dictionaries(
    {"troubles": TROUBLES, "stop_after": st.sampled_from([None, None, None, None, 0, 1, 2])}
)
STEPS = st.one_of(
    *(st.tuples(st.just("send"), SEND) for _ in range(4)),
    *(st.tuples(st.just("look_up"), LOOK_UP) for _ in range(3)),
    st.tuples(st.just("answer"), st.fixed_dictionaries({"which": WHICH, "kind": st.sampled_from(KINDS)})),
    st.tuples(st.just("go_on"), st.fixed_dictionaries({"effect": EFFECTS, "end": ENDS})),
    st.tuples(st.just("resume"), st.fixed_dictionaries({"retries": st.booleans()})),
    st.tuples(st.sampled_from(["stop", "crash"]), st.just({})),
    st.tuples(st.just("wait"), st.fixed_dictionaries({"seconds": st.sampled_from([1.0, 30.0])})),
)
"""What may happen next, with its arguments; what matters most comes up most often."""
UNREACHABLE = AttemptResult(Verdict.NOT_PROCESSED, due=0, ended=0, error_code="connect_failed")


@dataclass
class Sent:
    """What the model knows of a row, and the ledger may not.

    ``place`` is where its present attempt is: *idle*, *claimed*, *begun*, or *left*. Since ``doubted_at`` its
    last attempt may have created (``doubted_before``: the one before); ``is_confirmed`` says that Twilio answered
    201 to one. Until ``absent_until`` it was verified that there is no conversation; ``made`` is the last one.
    """

    id: int
    key: str
    request: WebChatRequest
    place: str = "idle"
    attempts: int = 0
    doubted_at: float | None = None
    doubted_before: float | None = None
    absent_until: float = float("inf")
    is_confirmed: bool = False
    made: Kept | None = None


class AtOnce:
    """Writes to a ledger's connection without its thread, which would take most of the time."""

    def __init__(self, connection: sqlite3.Connection, _path: Path) -> None:
        self._connection = connection
        self._conversations = ConversationFilter(connection)

    async def write(self, *steps: WriteStep, is_intent: bool = False) -> None:
        """Carry the steps out, all or none."""
        with transaction(self._connection):
            for statement, values in steps:
                self._connection.execute(statement, values)

    async def write_row(self, kind: BulkStatement, values: Sequence[Any]) -> None:
        """Carry out the write of a row."""
        with transaction(self._connection):
            batch = Batch(self._connection, self._conversations)
            batch.add(kind, [values])
            batch.write()

    async def call(self, function: Callable[[sqlite3.Connection], Any], *, is_last: bool = False) -> Any:
        """Return what the function returns."""
        return function(self._connection)


class Rows(RuleBasedStateMachine):
    """Three rows on their way, step by step."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "job.ledger"
        self.runner = asyncio.Runner()
        self.clock = Clock()
        self.wall = patch("provisioner.ledger.sqlite.ledger.time", SimpleNamespace(time=self.clock.wall))
        self.wall.start()
        self.is_running = False

    @initialize(
        ignores_identity=st.sampled_from([False, False, False, True]),
        named=st.sampled_from(["by identity", "by mark", "alike"]),
        control_lag_s=st.sampled_from([None, 0.0, 0.0, 0.0, 60.0]),
    )
    def plan(self, *, ignores_identity: bool, named: str, control_lag_s: float | None) -> None:
        """Make the ledger, at one server or another, with rows named in one way, and maybe create one of them."""
        self.server = ModelServer(self.clock, ignores_identity=ignores_identity)
        self.identity_policy = (
            IdentityPolicy("salt", "none", MARKER) if named == "by mark" else IdentityPolicy("salt")
        )
        self.are_alike = named == "alike"
        self._open()
        self.runner.run(self.ledger.plan(entries(KEYS), INPUT))
        self.rows = {
            number: Sent(number, key, self.identity_policy.apply(WebChatRequest(identity=self._given(key)), key))
            for number, key in enumerate(KEYS, start=1)
        }
        if control_lag_s is not None:
            self.send(2, Effect(is_created=True, lag_s=control_lag_s), "created", "")

    @rule(step=STEPS)
    def step(self, step: tuple[str, dict[str, Any]]) -> None:
        """Take one step; they are one rule, because Hypothesis leaves out whole rules at random."""
        name, drawn = step
        getattr(self, name)(**drawn)

    def send(self, which: int, effect: Effect, kind: str, halt: str) -> None:
        """Begin a row, send it and hear of it, or halt on the way; the run begins when there is none."""
        if not self.is_running:
            self.resume()
        if claimed := self._at("claimed"):
            row = claimed[which % len(claimed)]
            self._begin(row)
            if halt != "begun":
                self._leave(row, effect)
                if halt != "left":
                    self._settle(row, self._answer_of(row, kind))

    def answer(self, which: int, kind: str) -> None:
        """Hear from the server, as far as it can say so, or hear nothing."""
        if left := self._at("left"):
            row = left[which % len(left)]
            self._settle(row, self._answer_of(row, kind))

    def go_on(self, effect: Effect, end: str) -> None:
        """Let a row leave that has begun, or let it stay here."""
        row = next(iter(self._at("begun")), None)
        if row is None:
            return
        if end == "leave":
            self._leave(row, effect)
        elif end == "release":
            self.runner.run(done(self.ledger.release([row.id])))
            row.place, row.doubted_at = "idle", row.doubted_before
        else:
            self._settle(row, UNREACHABLE)

    def look_up(self, troubles: list[ListError | None], stop_after: int | None) -> None:
        """Look every unknown row up, as far as nobody stops it, and offer what may be sent."""
        if not self.is_running or self._at("begun") or self._at("left"):
            self.stop()
            self.resume()
        self._look_up(troubles, stop_after)
        self._offer(SENDABLE)

    def resume(self, *, retries: bool = False) -> None:
        """Start the same command again."""
        self.stop()
        self.runner.run(self.ledger.recover())
        self.runner.run(self.ledger.start_run(SENDABLE | ({Status.REJECTED} if retries else set())))
        self.is_running = True
        self._claim()

    def stop(self) -> None:
        """Wait no longer: what has not left is taken back, what has is unknown."""
        for row in self._at("begun"):
            self.runner.run(done(self.ledger.release([row.id])))
            row.doubted_at = row.doubted_before
        self._end("left")
        self.runner.run(self.ledger.recover())
        self.runner.run(self.ledger.finish_run(130))

    def crash(self) -> None:
        """Die: what is on disk is all that is left."""
        self._end("begun", "left")

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.now += seconds

    @invariant()
    def every_word_has_its_evidence(self) -> None:
        """See that each row has one status, which its last attempt says, and that a look follows every doubt."""
        histories = self._histories()
        assert [key for key, _, _ in histories] == list(KEYS)
        for key, status, history in histories:
            assert not history or status in {Status.IN_FLIGHT, *_WORDS[history[-1][1]]}
            for (_, before, _), (step, _, _) in pairwise(history):
                assert step == "lookup" or before in {"not_processed", "refused"}, (key, history)
            if status is Status.CREATED:
                assert history[-1][2] in self._sids_of(key)
        sids = {(key, sid) for key, _, history in histories for _, verdict, sid in history if verdict == "created"}
        assert len({sid for _, sid in sids}) == len(sids)

    def teardown(self) -> None:
        """Run the same command against a server in good order until all is done, then clean up."""
        try:
            if hasattr(self, "rows"):
                self._finish()
        finally:
            self.runner.run(self.stack.aclose())
            self.runner.close()
            self.wall.stop()
            shutil.rmtree(self.folder)

    def _finish(self) -> None:
        self.crash()
        self.clock.now += 1_000.0
        self.resume(retries=True)
        for _ in range(MAX_ATTEMPTS):
            while claimed := self._at("claimed"):
                self._begin(claimed[0])
                self._leave(claimed[0], Effect(is_created=True))
                self._settle(claimed[0], self._answer_of(claimed[0], "created"))
            self._look_up([], None)
            self._offer(SENDABLE)
        ends = {status for _, status, _ in self._histories()}
        assert ends <= {Status.CREATED, Status.UNKNOWN}
        if not self.are_alike and self.runner.run(
            self.ledger.latest_created(by_identity=self.identity_policy.has_identity)
        ):
            assert ends == {Status.CREATED}

    def _open(self) -> None:
        self.stack = AsyncExitStack()
        opening = open_sqlite_ledger(self.path, SETTINGS, version="1", synchronous="OFF")
        with patch("provisioner.ledger.sqlite.ledger.Writer", AtOnce):
            self.ledger: SqliteLedger = self.runner.run(self.stack.enter_async_context(opening))

    def _offer(self, statuses: frozenset[Status]) -> None:
        for row in self._at("claimed"):
            row.place = "idle"
        self.runner.run(self.ledger.set_claimable(statuses))
        self._claim()

    def _claim(self) -> None:
        for claim in self.runner.run(self.ledger.claim(10)):
            self.rows[claim.id].place, self.rows[claim.id].attempts = "claimed", 0

    def _begin(self, row: Sent) -> None:
        """Write an intent; this is where a second creation would start."""
        self.runner.run(done(self.ledger.begin(row.id, row.request.identity)))
        if row.doubted_at is not None:
            absent_at = self._absent_at(row)
            assert absent_at
            assert absent_at[-1] - absent_at[0] >= 2 * DELAY_S
            assert not row.is_confirmed
            row.absent_until = absent_at[-1]
        row.place, row.attempts = "begun", row.attempts + 1
        row.doubted_before, row.doubted_at, row.made = row.doubted_at, None, None

    def _leave(self, row: Sent, effect: Effect) -> None:
        """Send a request; the server does what it does."""
        row.place = "left"
        if self.are_alike and row.key != KEYS[-1]:  # what comes late cannot be told from the other's
            effect = Effect(effect.is_created, effect.is_half)
        if effect.is_half:
            self.server.create(row.key, row.request, after_s=0, lag_s=effect.lag_s, has_guest=False)
        elif effect.is_created:
            assert all(each.visible_at > row.absent_until for each in self.server.of(row.key))
            row.made = self.server.create(row.key, row.request, after_s=effect.after_s, lag_s=effect.lag_s)

    def _end(self, *doubtful: str) -> None:
        for row in self.rows.values():
            if row.place in doubtful:
                row.doubted_at = self.clock.now
            row.place = "idle"
        self.is_running = False

    def _at(self, place: str) -> list[Sent]:
        return [row for row in self.rows.values() if row.place == place]

    def _answer_of(self, row: Sent, kind: str) -> AttemptResult:
        """Return the answer of this kind, or one that fits what the server did."""
        made, asked = row.made, row.request.identity
        if made is None or made.created_at > self.clock.now:
            known = UNANSWERED if made else UNCREATED | UNANSWERED
            return _named(known.get(kind, UNANSWERED["lost"]), identity=asked)
        if kind == "created":
            result = AttemptResult(
                Verdict.CREATED, due=0, sent=0, ended=0, http_status=201, conversation_sid=made.sid
            )
            return _named(result, identity=made.identity)
        if kind == "nameless":
            result = AttemptResult(Verdict.MAYBE, due=0, sent=0, ended=0, http_status=201, error_code="bad_reply")
            return _named(result, identity=made.identity)
        return _named(UNANSWERED.get(kind, UNANSWERED["lost"]), identity=asked)

    def _settle(self, row: Sent, result: AttemptResult) -> None:
        decision = decide_retry(result, attempt=row.attempts, max_attempts=MAX_ATTEMPTS)
        now = self.clock.wall()
        result = structs.replace(result, due=now, sent=now if row.place == "left" else None, ended=now)
        status = decision.status if isinstance(decision, Finish) else Status.PENDING
        self.runner.run(done(self.ledger.settle(row.id, status, result)))
        row.place = "idle" if isinstance(decision, Finish) else "claimed"
        if result.verdict is Verdict.MAYBE:
            row.doubted_at, row.is_confirmed = self.clock.now, result.http_status == 201

    def _look_up(self, troubles: Sequence[ListError | None], stop_after: int | None) -> None:
        self.server.list_errors = list(troubles)
        self.server.session += 1
        sleeps = 0

        async def sleep(delay_s: float) -> None:
            nonlocal sleeps
            if sleeps == stop_after:
                raise asyncio.CancelledError
            sleeps += 1
            await self.clock.sleep(delay_s)

        async def go() -> None:
            trusts = await self.ledger.trusts_identities()
            chosen = choose_finder(NOBODY, self.identity_policy, rate=Rate(per_second=1), trusts_identities=trusts)
            finder = chosen.finder and _FINDERS[type(chosen.finder)](
                self.server, self.identity_policy, clock=self.clock
            )
            reconciler = Reconciler(
                self.ledger,
                FinderChoice(finder, chosen.reason),
                NotingReconcileObserver(),
                settle_delay_s=DELAY_S,
                clock=SystemClock(monotonic=self.clock, wall=self.clock.wall, sleep=sleep),
            )
            with suppress(asyncio.CancelledError):
                await reconciler.run()

        self.runner.run(go())

    def _absent_at(self, row: Sent) -> list[float]:
        """Return when the server verifiably did not show a row in doubt, by nothing that the program says."""
        assert row.doubted_at is not None
        settled = [each for each in self.server.sights if each.at >= row.doubted_at + DELAY_S]
        times = []
        for (_, at), together in groupby(settled, key=lambda sight: (sight.session, sight.at)):
            looks = list(together)
            about = [each for each in looks if each.identity in {row.request.identity, None}]
            is_controlled = any(each.shown - {row.key} for each in looks)
            # Rows of one identity are asked about one by one, so one question may fail where the next is answered.
            is_answered = any(each.is_whole for each in about)
            if is_answered and is_controlled and all(row.key not in each.shown for each in about):
                times.append(at)
        return times

    def _given(self, key: str) -> str:
        """Return the identity that the input gives; two rows may have the same."""
        return "guest-1" if self.are_alike and key != KEYS[-1] else ""

    def _sids_of(self, key: str) -> set[str]:
        keys = KEYS[:-1] if self.are_alike and key != KEYS[-1] else key
        return {each.sid for one in keys for each in self.server.of(one)}

    def _histories(self) -> list[tuple[str, Status, list[tuple[str, str, str | None]]]]:
        rows = query(self.path, "SELECT id, key, status FROM rows ORDER BY id")
        attempts = query(self.path, "SELECT row_id, step, class, conversation_sid FROM attempts ORDER BY id")
        return [
            (key, Status(status), [(step, verdict, sid) for of, step, verdict, sid in attempts if of == number])
            for number, key, status in rows
        ]


_FINDERS: Mapping[type, Callable[..., Finder]] = {IdentityFinder: IdentityFinder, MarkerFinder: MarkerFinder}
_WORDS = {
    "created": {Status.CREATED},
    "refused": {Status.REJECTED, Status.UNSENT},
    "not_processed": {Status.UNSENT, Status.PENDING},
    "maybe": {Status.UNKNOWN},
}


async def done(recorded: Awaitable[None]) -> None:
    """Wait until it is recorded."""
    await recorded


def _named(answer: AttemptResult, *, identity: str) -> AttemptResult:
    return structs.replace(answer, identity=identity)


TestRows = Rows.TestCase
TestRows.settings = settings(deadline=None, max_examples=150, stateful_step_count=20)


def sent(which: int, kind: str, *, is_created: bool, lag_s: float = 0.0) -> tuple[str, dict[str, Any]]:
    """Return the step that sends a row and hears so of it."""
    effect = Effect(is_created=is_created, lag_s=lag_s)
    return "send", {"which": which, "effect": effect, "kind": kind, "halt": ""}


def looked(*troubles: ListError | None) -> tuple[str, dict[str, Any]]:
    """Return the step that looks all unknown rows up, with these troubles."""
    return "look_up", {"troubles": list(troubles), "stop_after": None}


LOST = sent(0, "lost", is_created=False)


@pytest.mark.parametrize(
    ("named", "steps"),
    [
        ("by identity", [sent(0, "nameless", is_created=True, lag_s=60.0), looked()]),
        ("by mark", [sent(0, "nameless", is_created=True, lag_s=60.0), looked(), looked()]),
        ("by identity", [LOST, looked(None, None, None, AWAY)]),
        ("by identity", [LOST, looked(None, None, None, None, None, AWAY)]),
        ("by mark", [LOST, looked(None, None, AWAY)]),
        ("alike", [sent(0, "lost", is_created=True), sent(0, "lost", is_created=False), looked()]),
        ("alike", [LOST, sent(0, "created", is_created=True), looked()]),
        ("alike", [LOST, LOST, looked(AWAY, None, REFUSED)]),
    ],
)
def test_the_paths_that_chance_seldom_takes_are_safe_too(
    named: str, steps: list[tuple[str, dict[str, Any]]]
) -> None:
    """The same checks hold where several rare things have to come together."""
    machine = Rows()

    machine.plan(ignores_identity=False, named=named, control_lag_s=0.0)
    try:
        for step in steps:
            machine.step(step)
            machine.every_word_has_its_evidence()
    finally:
        machine.teardown()
