"""Unknown rows are settled by looking, look by look, each in the ledger with its evidence."""

import asyncio
from pathlib import Path

import pytest
from msgspec import structs

from provisioner.models import ControlVisibility, Status
from provisioner.reconciling import FinderChoice, reconciler
from provisioner.reconciling.inference import MOST_LOOKS
from tests.ledger_samples import CREATED, LOST, query
from tests.unit.reconciling.bench import SID, WALL, open_bench

AWAY = "Twilio could not be asked: HTTP 503"


async def test_what_is_found_at_once_is_created(tmp_path: Path) -> None:
    """One look without a wait settles the row, with the SID and when it was seen."""
    async with open_bench(tmp_path) as bench:
        bench.finder.shows = {"a": {SID["a"]: 0}}

        await bench.reconciler().run()

    assert bench.clock.waits == []
    assert bench.finder.looks == [(0, ["a"], "z")]
    assert bench.statuses == {"a": "created", "z": "created"}
    assert bench.evidence == [("a", "created", SID["a"], 0)]
    assert bench.observer.heard == [("a", Status.CREATED, SID["a"])]


async def test_what_two_late_looks_do_not_show_may_be_sent(tmp_path: Path) -> None:
    """At once, a settle delay later, and two more after that: then the row is pending again."""
    async with open_bench(tmp_path) as bench:
        whole = bench.reconciler()
        await whole.run()

    assert bench.finder.looks == [(0, ["a"], "z"), (5, ["a"], "z"), (15, ["a"], "z")]
    assert bench.statuses["a"] == "pending"
    assert bench.evidence == [
        ("a", "maybe", "not_seen", 0),
        ("a", "maybe", "not_seen", 5),
        ("a", "not_processed", "absent", 15),
    ]
    assert bench.observer.heard == [("a", Status.PENDING, "absent")]
    assert whole.ends == {Status.PENDING: 1}


@pytest.mark.parametrize("shown_from", [4.0, 14.0])
async def test_what_appears_late_is_found_all_the_same(tmp_path: Path, shown_from: float) -> None:
    """A list that lags behind is the reason to look again."""
    async with open_bench(tmp_path) as bench:
        bench.finder.shows = {"a": {SID["a"]: shown_from}}

        await bench.reconciler().run()

    assert bench.statuses["a"] == "created"
    assert bench.evidence[-1] == ("a", "created", SID["a"], 5 if shown_from < 5 else 15)


async def test_further_conversations_are_noted(tmp_path: Path) -> None:
    """The row has the first one, and its error names the others."""
    async with open_bench(tmp_path) as bench:
        bench.finder.shows = {"a": {SID["1"]: 0, SID["2"]: 0, SID["3"]: 0}}

        await bench.reconciler().run()

    assert query(bench.path, "SELECT conversation_sid, error_code, error FROM results WHERE key = 'a'") == [
        (SID["1"], "duplicate", f"there are further conversations of this row: {SID['2']}, {SID['3']}")
    ]
    assert bench.observer.heard == [("a", Status.CREATED, "duplicate")]


async def test_the_evidence_tells_when_and_as_whom(tmp_path: Path) -> None:
    """A look notes when it began, who was looked for, and when the attempt in doubt had left."""
    async with open_bench(tmp_path) as bench:
        bench.clock.now = 30.0

        await bench.reconciler().run()

    lines = "SELECT due, ended, identity, http_status, error FROM attempts WHERE step = 'lookup' ORDER BY id"
    absent = "looked up twice and not found, while a created row was found: it is safe to send"
    assert query(bench.path, lines) == [
        (LOST.sent, WALL + 30, "wc-a", None, "not seen yet"),
        (LOST.sent, WALL + 35, "wc-a", None, "not seen yet"),
        (LOST.sent, WALL + 45, "wc-a", None, absent),
    ]


async def test_without_a_way_to_look_rows_stay_unknown_at_once(tmp_path: Path) -> None:
    """Nobody waits for what cannot be told, and every row has its reason."""
    async with open_bench(tmp_path, "ab") as bench:
        await bench.reconciler(FinderChoice(None, "rows cannot be told apart")).run()

    assert bench.clock.waits == []
    assert bench.statuses == {"a": "unknown", "b": "unknown", "z": "created"}
    assert (
        query(bench.path, "SELECT error_code, error FROM results WHERE status = 'unknown'")
        == [("cannot_tell", "rows cannot be told apart")] * 2
    )


async def test_a_refused_question_is_not_asked_again(tmp_path: Path) -> None:
    """What is final ends the looking for the row, and keeps it unknown."""
    async with open_bench(tmp_path) as bench:
        bench.finder.script = [{}, {"trouble": AWAY, "is_final": True}]

        await bench.reconciler().run()

    assert bench.evidence == [("a", "maybe", "not_seen", 0), ("a", "maybe", "cannot_tell", 5)]
    assert bench.statuses["a"] == "unknown"
    assert bench.observer.heard == [("a", Status.UNKNOWN, "cannot_tell")]


async def test_a_server_that_is_away_is_waited_for_and_given_up(tmp_path: Path) -> None:
    """Looks that fail are a settle delay apart, and come to an end."""
    async with open_bench(tmp_path) as bench:
        bench.finder.script = [{"trouble": AWAY}]

        await bench.reconciler().run()

    assert [at for at, _, _ in bench.finder.looks] == [5.0 * number for number in range(MOST_LOOKS)]
    assert [code for _, _, code, _ in bench.evidence] == ["look_failed"] * (MOST_LOOKS - 1) + ["cannot_tell"]
    assert bench.statuses["a"] == "unknown"


async def test_a_server_that_comes_back_proves_what_it_shows(tmp_path: Path) -> None:
    """Trouble in between delays the proof, and does not spoil it."""
    async with open_bench(tmp_path) as bench:
        bench.finder.script = [{}, {"trouble": AWAY}, {}, {"trouble": AWAY}, {}]

        await bench.reconciler().run()

    assert [at for at, _, _ in bench.finder.looks] == [0, 5, 10, 20, 25]
    assert bench.statuses["a"] == "pending"


@pytest.mark.parametrize("has_control", [True, False])
async def test_not_seeing_a_row_beside_nothing_proves_nothing(tmp_path: Path, *, has_control: bool) -> None:
    """Without a row that is certainly there, or when it is hidden, too, the row stays unknown."""
    async with open_bench(tmp_path, has_control=has_control) as bench:
        bench.finder.script = [{"control": ControlVisibility.HIDDEN}] if has_control else []

        await bench.reconciler().run()

    assert bench.statuses["a"] == "unknown"
    assert bench.evidence[-1][2] == "cannot_tell"


async def test_what_twilio_confirmed_is_never_sent_again(tmp_path: Path) -> None:
    """A 201 that could not be read is remembered through every look, also those of another run."""
    unreadable = structs.replace(LOST, http_status=201, error_code="bad_reply")
    async with open_bench(tmp_path, lost=unreadable) as bench:
        await bench.reconciler().run()
        again = bench.reconciler()
        await again.run()

    assert bench.statuses["a"] == "unknown"
    assert again.ends == {Status.UNKNOWN: 1}
    lines = "SELECT http_status, error FROM attempts WHERE error_code = 'cannot_tell'"
    assert query(bench.path, lines) == [(201, "Twilio answered 201 and does not show it")] * 2


async def test_a_conversation_belongs_to_one_row(tmp_path: Path) -> None:
    """What was created for another row, or found for it, is not taken for this one's."""
    async with open_bench(tmp_path, "ab") as bench:
        bench.finder.shows = {"a": {SID["z"]: 0, SID["a"]: 0}, "b": {SID["z"]: 0}}

        await bench.reconciler().run()

    assert bench.statuses == {"a": "created", "b": "pending", "z": "created"}
    assert query(bench.path, "SELECT conversation_sid, error_code FROM results WHERE key = 'a'") == [
        (SID["a"], None)
    ]


@pytest.mark.parametrize("by_identity", [True, False])
async def test_the_control_is_one_that_the_look_can_show(tmp_path: Path, *, by_identity: bool) -> None:
    """A look by identity needs a control with an identity; a scan takes any row that was created."""
    async with open_bench(tmp_path, "ab", has_control=False) as bench:
        bench.finder.by_identity = by_identity
        (row, _) = await bench.ledger.unknown(0, 10)
        await bench.ledger.settle(row.id, Status.CREATED, structs.replace(CREATED, identity="other"))

        await bench.reconciler().run()

    assert {control for _, _, control in bench.finder.looks} == {"" if by_identity else "a"}


async def test_rows_wait_together_and_batches_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of one batch share their waits; the next batch needs no first wait any more."""
    monkeypatch.setattr(reconciler, "BATCH", 2)
    async with open_bench(tmp_path, "abcd") as bench:
        bench.finder.shows = {"b": {SID["b"]: 0}}

        await bench.reconciler().run()

    assert bench.finder.looks == [
        (0, ["a", "b"], "z"),
        (5, ["a"], "z"),
        (15, ["a"], "z"),
        (15, ["c", "d"], "z"),
        (25, ["c", "d"], "z"),
    ]
    assert bench.statuses == {"a": "pending", "b": "created", "c": "pending", "d": "pending", "z": "created"}


async def test_a_row_that_stays_unknown_is_not_looked_at_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next batch begins behind the last, whatever became of it."""
    monkeypatch.setattr(reconciler, "BATCH", 1)
    async with open_bench(tmp_path, "abc") as bench:
        bench.finder.script = [{"trouble": AWAY, "is_final": True}]

        await bench.reconciler().run()

    assert [keys for _, keys, _ in bench.finder.looks] == [["a"], ["b"], ["c"]]


async def test_what_was_proved_before_a_stop_stands(tmp_path: Path) -> None:
    """A reconciler that is cancelled between two looks leaves found rows created, and the others unknown."""
    async with open_bench(tmp_path, "abc") as bench:
        bench.finder.shows = {"b": {SID["b"]: 0}}
        has_looked = asyncio.Event()

        async def wait(_delay_s: float) -> None:
            if bench.finder.looks:
                has_looked.set()
                await asyncio.Event().wait()

        whole = bench.reconciler(sleep=wait)
        task = asyncio.create_task(whole.run())
        await has_looked.wait()
        task.cancel()
        await asyncio.wait([task])
        counts = await bench.ledger.counts()

    assert task.cancelled()
    assert (counts.unknown, counts.created) == (2, 2)
    assert whole.ends == {Status.CREATED: 1}
    assert bench.observer.heard == [("b", Status.CREATED, SID["b"])]


async def test_looks_are_not_carried_over_a_stop(tmp_path: Path) -> None:
    """Who comes back waits anew: that time had passed between the looks cannot be shown without their clock."""
    async with open_bench(tmp_path) as bench:
        bench.finder.script = [{}, {}, {"trouble": AWAY, "is_final": True}]
        await bench.reconciler().run()
        bench.finder.script, bench.clock.now = [], 1_000.0

        await bench.reconciler().run()

    assert [at for at, _, _ in bench.finder.looks] == [0, 5, 15, 1_000, 1_005, 1_015]
    assert bench.statuses["a"] == "pending"


async def test_nothing_unknown_is_nothing_to_do(tmp_path: Path) -> None:
    """Nobody is asked where everything is known."""
    async with open_bench(tmp_path, "") as bench:
        await bench.reconciler().run()

    assert (bench.finder.looks, bench.evidence, bench.observer.heard) == ([], [], [])
