"""One job in a thread of its own, with an event loop of its own.

Neither can hold up the other then: not the job's reading of files the caller's loop, nor a busy loop of the
caller the pace. The thread is no daemon: a process never ends while a job is writing. But Python starts no helper
threads once its main thread has ended, so whoever calls in a thread has to wait for it there.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future, wait
from contextvars import copy_context
from typing import Any, Generic, TypeVar

from provisioner.signals import StopSignals
from provisioner.system.event_log import event_logger
from provisioner.system.tracebacks import place_of

T = TypeVar("T")
LoopFactory = Callable[[], asyncio.AbstractEventLoop]


class JobThread(Generic[T]):
    """A coroutine that runs to its end in a thread, from ``start`` on.

    ``stop`` is asked to stop when whoever waits is interrupted or cancelled. ``loop_factory`` makes the loop; None
    is asyncio's own. The thread sees the context variables of whoever makes it.
    """

    def __init__(
        self, main: Callable[[], Coroutine[Any, Any, T]], stop: StopSignals, loop_factory: LoopFactory | None
    ) -> None:
        self._main, self._stop, self._loop_factory = main, stop, loop_factory
        self._future: Future[T] = Future()
        self._is_started = False
        self._thread = threading.Thread(target=copy_context().run, args=(self._work,), name="provisioner")

    def result(self) -> T:
        """Run the job while this thread waits, and return or raise what it comes to.

        Whatever interrupts the waiting, such as ``KeyboardInterrupt``, asks the job to stop, at once when it comes
        again, and is raised once the job has ended.
        """
        interruptions: list[BaseException] = []
        asked = 0
        while not self._future.done():
            try:  # nearly all of the work is in here, so that the next interruption is caught as well
                while asked < len(interruptions):
                    asked += 1
                    self._stop.request_stop()
                if interruptions and self._thread.ident is None:  # it came before there was a thread to wait for
                    break
                self._start()
                wait([self._future])
            except BaseException as error:  # noqa: BLE001 - is raised below
                interruptions.append(error)
        if interruptions:
            raise interruptions[0]
        return self._future.result()

    async def result_async(self) -> T:
        """Run the job while the caller's task waits, and return or raise what it comes to.

        Cancelling the task asks the job to stop, at once when it comes again, and ends the task once the job has
        ended.
        """
        self._start()
        ended = asyncio.wrap_future(self._future)
        cancellation: asyncio.CancelledError | None = None
        while not ended.done():
            try:
                await asyncio.wait([ended])
            except asyncio.CancelledError as error:
                cancellation = cancellation or error
                self._stop.request_stop()
        if cancellation is not None:
            ended.exception()  # it is of no interest any more, and asyncio would tell that nobody asked for it
            raise cancellation
        return ended.result()

    def _start(self) -> None:
        if self._is_started:
            return
        self._is_started = True  # before it is, as an interruption may come while it starts
        try:
            self._thread.start()
        except RuntimeError as error:  # the system has no room for one more
            self._future.set_exception(error)

    def _work(self) -> None:
        try:
            with asyncio.Runner(
                loop_factory=self._loop_factory
            ) as runner:  # takes signals on the main thread only
                runner.get_loop().set_exception_handler(_tell)
                result = runner.run(self._main())
        except BaseException as error:  # noqa: BLE001 - is raised to whoever waits
            self._future.set_exception(error)
        else:
            self._future.set_result(result)


def _tell(_loop: object, context: Mapping[str, Any]) -> None:
    """Log what the loop reports by type and place: its texts may hold what a callback was called with."""
    error = context.get("exception")
    if isinstance(error, BaseException):
        event_logger().error("callback.failed", error_type=type(error).__name__, error_place=place_of(error))
