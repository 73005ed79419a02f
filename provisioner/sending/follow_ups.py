"""Follow-ups of a created row: what is done with its conversation after the creation."""

from collections.abc import Awaitable, Sequence
from typing import Protocol

from provisioner.models import Row, Step

from .step_runner import RowOutcome, StepRunner
from .steps import FollowUpStep


class FollowUp(Protocol):
    """One follow-up. One instance serves all rows.

    A row that asks for it fills one of the request's ``fields``; without ``fields``, only ``is_asked`` says so.
    """

    step: Step
    fields: Sequence[str]

    def is_asked(self, row: Row) -> bool:
        """Return whether the row's input asks for it."""
        ...

    def drop(self, row: Row) -> Awaitable[None]:
        """Record that the input of a created row does not ask for it any more."""
        ...

    def process(self, row: Row) -> Awaitable[RowOutcome | None]:
        """Do it, and return the outcome, ``CREATED`` when it is done; None when the run stopped before that.

        The conversation of the row exists, and that is on disk.
        """
        ...


class SingleRequest:
    """Follow-up of one request, which is attempted as often as is safe."""

    def __init__(self, step: FollowUpStep, step_runner: StepRunner) -> None:
        self.step, self.fields = step.step, step.fields
        self.is_asked, self.drop, self.process = step.is_asked, step.drop, step_runner.run
