"""A job on a thread of its own, with an event loop of its own.

So the job's file access cannot block the caller's loop, and a busy loop of the caller cannot delay the job's
requests. The thread is not a daemon: the process does not end while a job is writing. Python starts no further
threads once its main thread has ended, and a job needs some, so a caller on another thread has to be waited for by
the main thread.
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
    """A coroutine that runs on its own thread; the thread starts when the result is waited for.

    ``stop`` is asked to stop when the waiting is interrupted or cancelled. ``loop_factory`` makes the event loop;
    None is asyncio's own. The thread gets a copy of the context variables of the thread that creates this object.
    """

    def __init__(
        self, main: Callable[[], Coroutine[Any, Any, T]], stop: StopSignals, loop_factory: LoopFactory | None
    ) -> None:
        self._main, self._stop, self._loop_factory = main, stop, loop_factory
        self._future: Future[T] = Future()
        self._is_started = False
        self._thread = threading.Thread(target=copy_context().run, args=(self._work,), name="provisioner")

    def result(self) -> T:
        """Run the job while this thread waits; return its result or raise its exception.

        An exception that interrupts the waiting, such as ``KeyboardInterrupt``, asks the job to stop, and is
        raised when the job has ended. A second one cancels what is in flight.
        """
        interruptions: list[BaseException] = []
        asked = 0
        while not self._future.done():
            try:  # nearly all of the work is in here, so that the next interruption is caught as well
                while asked < len(interruptions):
                    asked += 1
                    self._stop.request_stop()
                if interruptions and self._thread.ident is None:  # interrupted before the thread was started
                    break
                self._start()
                wait([self._future])
            except BaseException as error:  # noqa: BLE001 - is raised below
                interruptions.append(error)
        if interruptions:
            raise interruptions[0]
        return self._future.result()

    async def result_async(self) -> T:
        """Run the job while the caller's task waits; return its result or raise its exception.

        Cancelling the task asks the job to stop; ``CancelledError`` is raised when the job has ended. A second
        cancellation cancels what is in flight.
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
            ended.exception()  # read it, or asyncio would log that nobody did
            raise cancellation
        return ended.result()

    def _start(self) -> None:
        if self._is_started:
            return
        self._is_started = True  # set first, because an interruption may come during the start
        try:
            self._thread.start()
        except RuntimeError as error:  # the system cannot start another thread
            self._future.set_exception(error)

    def _work(self) -> None:
        try:
            with asyncio.Runner(
                loop_factory=self._loop_factory
            ) as runner:  # handles SIGINT on the main thread only
                runner.get_loop().set_exception_handler(_tell)
                result = runner.run(self._main())
        except BaseException as error:  # noqa: BLE001 - is raised to whoever waits
            self._future.set_exception(error)
        else:
            self._future.set_result(result)


def _tell(_loop: object, context: Mapping[str, Any]) -> None:
    """Log an error of the event loop by type and place; its message may hold a callback's arguments."""
    error = context.get("exception")
    if isinstance(error, BaseException):
        event_logger().error("callback.failed", error_type=type(error).__name__, error_place=place_of(error))
