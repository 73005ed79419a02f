"""The commands as Python functions: in any thread, inside a running loop, several at once, and stopped."""

import asyncio
import csv
import json
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import CapturingLogger

from provisioner import api
from provisioner.cli.main import main
from provisioner.models.progress import Progress
from provisioner.models.summary import CommandOutcome

MANY = 400
"""Rows that take minutes at ``SLOW``: a job of them ends in time only when it is stopped."""
SLOW = "5/s"
OF_THIS_RUN = {"finishes_at", "most_in_flight", "late"}
"""What differs between two jobs that are otherwise the same."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with three customers and many customers; structlog is as nobody has configured it."""
    structlog.reset_defaults()
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("TWILIO_", "PROVISIONER_"))]:
        monkeypatch.delenv(name)
    for name, count in (("customers.csv", 3), ("many.csv", MANY)):
        lines = [f"{number},Customer {number}\n" for number in range(1, count + 1)]
        (tmp_path / name).write_text("crm_id,CustomerFriendlyName\n" + "".join(lines))
    return tmp_path


def create(output: str = "results.csv", **more: Any) -> api.Summary:
    """Create the three customers at the simulator, as fast as it goes."""
    return api.create_webchats("customers.csv", **{"output": output, "rate": 0, "simulate": True, **more})


async def create_many(**more: Any) -> api.Summary:
    """Begin on the many, at a pace that takes minutes."""
    return await api.acreate_webchats("many.csv", output="results.csv", rate=SLOW, simulate=True, **more)


def once_created(act: Callable[[], object]) -> Callable[[Progress], None]:
    """Return a progress callback that acts once, when the first row is created."""
    acts = iter([act])

    def hear(progress: Progress) -> None:
        if progress.created:
            next(acts, lambda: None)()

    return hear


def files_here() -> set[str]:
    """Return the names of the files in the current folder."""
    return {path.name for path in Path().iterdir()}


def require_resumable() -> None:
    """Require that the many were stopped between the first and the last, and that the ledger is free again."""
    status = api.status("results.csv.ledger")
    assert status.counts is not None
    assert 0 < status.counts.created < MANY
    assert (status.counts.in_flight, status.counts.unknown) == (0, 0)
    assert status.details["is_running"] is False
    with Path("results.csv").open(encoding="utf-8") as results:
        written = [row["status"] for row in csv.DictReader(results)]
    assert (len(written), written.count("created")) == (MANY, status.counts.created)


def test_a_job_is_a_function_call() -> None:
    """The summary says how it ended, and the files are where it says."""
    summary = create(key="crm_id")

    assert summary.counts is not None
    assert (summary.exit_code, summary.outcome, summary.counts.created) == (0, CommandOutcome.FINISHED, 3)
    assert (summary.output, summary.ledger, summary.next_command) == ("results.csv", "results.csv.ledger", "")
    assert len(Path(summary.output).read_text().splitlines()) == 4


async def test_every_command_has_both_forms() -> None:
    """The coroutine tells what the function tells."""
    summary = create()
    ledger, address = Path(summary.ledger), "IG" + 32 * "a"
    pairs = [
        (api.check("customers.csv", address_sid=address), api.acheck("customers.csv", address_sid=address)),
        (api.status(ledger), api.astatus(ledger)),
        (api.export(ledger, output="a.jsonl"), api.aexport(ledger, output="a.jsonl")),
        (api.report([ledger], output="a.html"), api.areport([ledger], output="a.html")),
        (api.close(ledger, simulate=True), api.aclose(ledger, simulate=True)),
    ]

    for told, awaited in pairs:
        assert without_times(told.to_dict()) == without_times((await awaited).to_dict())

    assert {"a.jsonl", "a.html"} <= files_here()


async def test_jobs_run_inside_a_running_loop_in_threads_and_at_once() -> None:
    """Five jobs of one process: on this loop, in threads, and the blocking form on this loop."""
    jobs = [api.acreate_webchats(["customers.csv"], output=f"{n}.csv", rate=0, simulate=True) for n in (1, 2)]
    threads = [asyncio.to_thread(create, f"{number}.csv") for number in (3, 4)]

    summaries = [*await asyncio.gather(*jobs, *threads), create("5.csv")]

    assert [summary.exit_code for summary in summaries] == [0] * 5
    assert len({summary.ledger for summary in summaries}) == 5


async def test_the_callers_loop_goes_on_while_a_job_runs() -> None:
    """A task beside it gets its turns: nothing of the job is done on this loop."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(count())
    await api.acreate_webchats("customers.csv", output="results.csv", rate=0, simulate=True)
    beside.cancel()

    assert turns > 100


async def test_both_kinds_of_events_stop_a_job() -> None:
    """What is in flight is finished, the rest waits, and the same call goes on."""
    loop = asyncio.get_running_loop()
    in_threads, in_loop = threading.Event(), asyncio.Event()

    stopped = await create_many(stop=in_threads, on_progress=once_created(in_threads.set))
    require_resumable()
    again = await create_many(
        stop=in_loop, on_progress=once_created(lambda: loop.call_soon_threadsafe(in_loop.set))
    )

    require_resumable()
    for summary in (stopped, again):
        assert (summary.exit_code, summary.outcome) == (api.ExitCode.SIGINT, CommandOutcome.STOPPED)
        assert summary.next_command == f"provisioner run many.csv --output results.csv --rate {SLOW} --simulate"


def test_an_event_that_is_set_already_lets_nothing_begin() -> None:
    """Also one of a loop, where the function blocks."""
    for event in (threading.Event(), asyncio.Event()):
        event.set()

        summary = create(stop=event)

        assert (summary.exit_code, summary.outcome) == (api.ExitCode.SIGINT, CommandOutcome.STOPPED)


async def test_cancelling_the_task_waits_for_the_end_of_the_job() -> None:
    """It drains, writes its results and frees its ledger before the cancellation goes on."""
    loop = asyncio.get_running_loop()
    task: asyncio.Task[api.Summary] = asyncio.create_task(
        create_many(on_progress=once_created(lambda: loop.call_soon_threadsafe(task.cancel)))
    )

    with pytest.raises(asyncio.CancelledError):
        await task

    assert task.cancelled()
    require_resumable()


def test_an_interrupt_waits_for_the_end_of_the_job() -> None:
    """Ctrl-C in a notebook drains the job, and is raised again."""
    here = threading.get_ident()
    press = once_created(lambda: signal.pthread_kill(here, signal.SIGINT))

    with pytest.raises(KeyboardInterrupt):
        api.create_webchats("many.csv", output="results.csv", rate=SLOW, simulate=True, on_progress=press)

    require_resumable()


def test_progress_comes_in_the_thread_of_the_job() -> None:
    """The last look tells of every row."""
    told: list[Progress] = []
    threads = set()

    def hear(progress: Progress) -> None:
        told.append(progress)
        threads.add(threading.get_ident())

    create(on_progress=hear)

    assert (told[-1].done, told[-1].total, told[-1].created) == (3, 3, 3)
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_what_the_callback_raises_ends_the_job_in_good_order() -> None:
    """It is raised as it is, once the job has drained."""

    def fail() -> None:
        raise LookupError("an invented failure")

    with pytest.raises(LookupError, match="an invented failure"):
        api.create_webchats(
            "many.csv", output="results.csv", rate=SLOW, simulate=True, on_progress=once_created(fail)
        )

    require_resumable()


def test_what_ends_a_job_before_it_begins_is_raised_with_its_exit_code() -> None:
    """As the command line would end, without its text on stderr."""
    Path("bad.csv").write_text('CustomerFriendlyName\n"b')
    create("other.csv", key="crm_id")
    calls: list[tuple[type[api.ProvisionerError], int, Callable[[], object]]] = [
        (api.UsageError, 2, lambda: create(simulate=False)),
        (api.UsageError, 2, lambda: create(output="-")),
        (api.UsageError, 2, lambda: create(environ={"PROVISIONER_RUN_YES": True})),
        (api.UsageError, 2, lambda: create(on_progress=5)),
        (api.UsageError, 2, lambda: create(on_progress=asyncio.sleep)),
        (api.UsageError, 2, lambda: create(stop="now")),
        (api.UsageError, 2, lambda: api.check(None)),  # type: ignore[arg-type]
        (api.UsageError, 2, lambda: api.check([b"x.csv"])),  # type: ignore[list-item]
        (api.UsageError, 2, lambda: create(rate="fast")),
        (api.UsageError, 2, lambda: create(rte=4)),
        (api.UsageError, 2, lambda: api.create_webchats([], output="results.csv")),
        (api.InputError, 2, lambda: api.check("bad.csv")),
        (api.LedgerError, 2, lambda: api.status("customers.csv")),
        (api.OtherJobError, 2, lambda: create(ledger="other.csv.ledger")),
    ]

    for kind, code, call in calls:
        with pytest.raises(kind) as caught:
            call()
        assert caught.value.exit_code == code
        assert caught.value.message


async def test_a_ledger_is_that_of_one_job_also_within_a_process() -> None:
    """The second one is refused while the first one works."""
    loop, began, stop = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    first = asyncio.create_task(
        create_many(stop=stop, on_progress=once_created(lambda: loop.call_soon_threadsafe(began.set)))
    )
    await began.wait()

    with pytest.raises(api.LedgerBusyError) as caught:
        await create_many()
    stop.set()

    assert caught.value.exit_code == 75
    assert (await first).exit_code == 130


def test_a_mapping_stands_in_for_the_variables_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one they are read as by the command line; with one, none of them is."""
    monkeypatch.setenv("PROVISIONER_RUN_LIMIT", "1")
    account = {"TWILIO_ACCOUNT_SID": "AC" + 32 * "1", "TWILIO_AUTH_TOKEN": "invented"}

    of_process, of_mapping = create(), create(environ={"PROVISIONER_RUN_LIMIT": "2"})
    own = create(environ={"PROVISIONER_RUN_LIMIT": "2"}, limit=3)
    for name, value in account.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(api.UsageError) as caught:
        create("mine.csv", simulate=False, base_url="http://127.0.0.1:9", environ={})

    assert [each.counts and each.counts.created for each in (of_process, of_mapping, own)] == [1, 3, 3]
    assert "TWILIO_ACCOUNT_SID" in f"{caught.value.message} {caught.value.cure}"


def test_nothing_of_the_process_is_changed(capfd: pytest.CaptureFixture[str]) -> None:
    """Neither signal handlers nor logging, hooks or configuration; nothing is written to a stream."""

    def state() -> list[object]:
        root = logging.getLogger()
        return [
            *(signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)),
            (root.level, [*root.handlers], logging.lastResort, [*logging.getLogger("provisioner").handlers]),
            (structlog.is_configured(), structlog.get_config()["logger_factory"]),
            (sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning, [*warnings.filters]),
            (sys.stdout, sys.stderr, Path.cwd(), dict(os.environ), threading.active_count()),
        ]

    before = state()

    create()
    api.close("results.csv.ledger", simulate=True, yes=True)
    stop = threading.Event()
    api.create_webchats(
        "many.csv", output="m.csv", rate=SLOW, simulate=True, stop=stop, on_progress=once_created(stop.set)
    )

    assert state() == before
    assert capfd.readouterr() == ("", "")


def test_events_go_to_the_log_of_the_application(caplog: pytest.LogCaptureFixture) -> None:
    """To its structlog configuration; where it has none, to the logger ``provisioner``."""
    with caplog.at_level(logging.INFO, logger="provisioner"):
        create("a.csv")
    captured = CapturingLogger()
    structlog.configure(
        processors=[structlog.stdlib.render_to_log_kwargs],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        logger_factory=lambda *_: captured,
    )
    try:
        create("b.csv")
    finally:
        structlog.reset_defaults()

    expected = ["run.started", "run.finished"]
    assert [each.getMessage().split()[0] for each in caplog.records if each.name == "provisioner"] == expected
    assert [call.kwargs["msg"] for call in captured.calls] == expected


@pytest.mark.parametrize(
    ("line", "call"),
    [
        ("run customers.csv --output r.csv --rate 0 --simulate", lambda: create("r.csv")),
        (
            "check customers.csv --address-sid " + "IG" + 32 * "a",
            lambda: api.check("customers.csv", address_sid="IG" + 32 * "a"),
        ),
        (
            "load customers.csv --output r.csv --rate 100 --limit 2 --simulate",
            lambda: api.load_test("customers.csv", output="r.csv", rate=100, limit=2, simulate=True),
        ),
    ],
    ids=["run", "check", "load"],
)
def test_a_summary_as_a_dictionary_is_what_json_prints(
    line: str,
    call: Callable[[], api.Summary],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The same job by both ways tells the same, but for what differs from run to run."""
    other = folder / "other"
    other.mkdir()
    (other / "customers.csv").write_text((folder / "customers.csv").read_text())

    called = call().to_dict()
    monkeypatch.chdir(other)
    monkeypatch.setattr(sys, "argv", ["provisioner", *line.split()])  # the next command is made from it
    main([*line.split(), "--json"])
    printed = json.loads(capsys.readouterr().out)

    assert called.keys() == printed.keys()
    assert without_times(called) == without_times(printed)


def without_times(told: object, name: str = "") -> object:
    """Return a summary with the figures of its own run made alike."""
    if isinstance(told, dict):
        return {key: without_times(value, key) for key, value in told.items()}
    if name in OF_THIS_RUN or isinstance(told, float):
        return type(told).__name__
    return told


def test_jobs_in_a_pool_of_threads_end_by_themselves() -> None:
    """No thread of a job is left behind."""
    before = threading.active_count()

    with ThreadPoolExecutor(3) as pool:
        codes = [each.exit_code for each in pool.map(create, ("a.csv", "b.csv", "c.csv"))]

    assert codes == [0, 0, 0]
    assert threading.active_count() == before
