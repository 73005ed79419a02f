"""Progress by callback, on the loop of the job."""

import asyncio
import threading

import pytest

from provisioner.background import callback_interface
from provisioner.background.callback_interface import CallbackInterface
from provisioner.models.progress import Progress
from provisioner.ports.user_interface import UserInterface
from provisioner.signals import StopSignals


async def test_rows_are_told_on_the_loop_while_they_are_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever thread counts them."""
    monkeypatch.setattr(callback_interface, "EVERY_S", 0)
    told: list[tuple[Progress, int]] = []
    ui = CallbackInterface(lambda progress: told.append((progress, threading.get_ident())), StopSignals())

    with ui.planning() as count:
        await asyncio.to_thread(count, 5_000)
    await asyncio.sleep(0)

    assert told == [(Progress(total=5_000, state="planning"), threading.get_ident())]


async def test_a_callback_that_failed_is_not_called_again() -> None:
    """The job is asked to stop once, and the first failure is the one that is raised."""
    calls: list[Progress] = []

    def fail(progress: Progress) -> None:
        calls.append(progress)
        raise LookupError(len(calls))

    signals = StopSignals()
    ui = CallbackInterface(fail, signals)

    with pytest.raises(LookupError, match="1"), ui:
        async with ui.progress(lambda: Progress(total=1)):
            await asyncio.sleep(0)

    assert len(calls) == 1
    assert signals.exit_code == 130


def test_nobody_is_asked() -> None:
    """There is no answer where nobody can be."""
    interface: UserInterface = CallbackInterface(None, StopSignals())

    assert interface.confirm("Create them?") is None


async def test_a_callback_that_fails_while_the_job_drains_cancels_nothing() -> None:
    """The job was asked to stop already; another request would give up what is in flight."""
    calls: list[str] = []

    def fail(_progress: Progress) -> None:
        raise LookupError

    signals = StopSignals()
    ui = CallbackInterface(fail, signals)
    with signals.active(drain_s=30):
        signals.on_stop(lambda: calls.append("drain"), lambda: calls.append("cancel"))
        signals.request_stop()
        await asyncio.sleep(0)
        async with ui.progress(lambda: Progress(total=1)):
            await asyncio.sleep(0)

    assert calls == ["drain"]
