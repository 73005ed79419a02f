"""One process of the program, from its start to its end or to the signals that kill it."""

import asyncio
import json
import os
import signal
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tests.acceptance.program import CREDENTIALS, Program
from tests.storm.strikes import EVENTS, PATIENCE_S, Stage, Strike

LAST_WORDS = 12
"""Maximum number of last lines of stderr that are kept."""
ENDED_BY_SIGNAL = frozenset({-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, 130, 143})


@dataclass(frozen=True, slots=True)
class Life:
    """Result of one process.

    ``code`` is its exit code and ``stage`` the last stage that it reached. ``struck_in`` is the stage in which the
    first signal was sent, None if it ended before. ``summary`` is its stdout.
    """

    code: int
    stage: Stage
    strike: Strike | None
    struck_in: Stage | None
    is_hung: bool
    has_traceback: bool
    last_words: tuple[str, ...]
    summary: str

    @property
    def is_kill(self) -> bool:
        """Whether the signals ended the process, rather than coming too late."""
        return self.struck_in is not None and (self.code in ENDED_BY_SIGNAL or self.is_nipped)

    @property
    def is_nipped(self) -> bool:
        """Whether Python was interrupted while it imported the program, and printed a traceback of its own."""
        is_early = self.struck_in is Stage.STARTING and self.has_traceback
        return is_early and (self.code < 0 or self.last_words[-1] == "KeyboardInterrupt")


@dataclass(slots=True)
class _Witness:
    """Tracks the stage of a process by the log events on its stderr."""

    stage: Stage = Stage.STARTING
    struck_in: Stage | None = None
    has_traceback: bool = False
    last_words: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_WORDS))
    _begun: dict[Stage, asyncio.Event] = field(default_factory=lambda: {stage: asyncio.Event() for stage in Stage})

    async def follow(self, stderr: asyncio.StreamReader) -> None:
        self._begun[Stage.STARTING].set()
        while line := (await stderr.readline()).decode(errors="replace").rstrip():
            self.last_words.append(line)
            self.has_traceback |= line.startswith("Traceback")
            if stage := EVENTS.get(_event_of(line)):
                self.stage = stage
                self._begun[stage].set()

    async def wait_for(self, stage: Stage) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await self._begun[stage].wait()


def _event_of(line: str) -> str:
    with suppress(ValueError):
        document = json.loads(line)
        if isinstance(document, dict):
            return str(document.get("event", ""))
    return ""


async def live(program: Program, command: Sequence[str], strike: Strike | None, *, longest_s: float) -> Life:
    """Run the command once, send it the signals of ``strike``, and return the result.

    A process that runs longer than ``longest_s`` seconds is killed and counts as hung.
    """
    running = await program.start(*command, env=CREDENTIALS)
    process, witness = running.process, _Witness()
    assert process.stdout is not None
    assert process.stderr is not None
    is_hung = False
    async with asyncio.TaskGroup() as group:
        summary = group.create_task(process.stdout.read())
        group.create_task(witness.follow(process.stderr))
        striking = group.create_task(_strike(process, witness, strike))
        try:
            async with asyncio.timeout(longest_s):
                code = await process.wait()
        except TimeoutError:
            is_hung = True
            process.kill()
            code = await process.wait()
        striking.cancel()
    return Life(
        code=code,
        stage=witness.stage,
        strike=strike,
        struck_in=witness.struck_in,
        is_hung=is_hung,
        has_traceback=witness.has_traceback,
        last_words=tuple(witness.last_words),
        summary=summary.result().decode(errors="replace"),
    )


async def _strike(process: asyncio.subprocess.Process, witness: _Witness, strike: Strike | None) -> None:
    """Send the signals and record the stage at the first one; send none if the process has already ended."""
    if strike is None:
        return
    await witness.wait_for(strike.stage)
    await asyncio.sleep(strike.delay_s)
    for number, pause_s in zip(strike.signals, (strike.gap_s, 0.0), strict=False):
        if process.returncode is not None:
            return
        witness.struck_in = witness.struck_in or witness.stage
        with suppress(ProcessLookupError):
            # process.send_signal would reap a process that has just ended, and its exit code would be lost.
            os.kill(process.pid, number)
        await asyncio.sleep(pause_s)
