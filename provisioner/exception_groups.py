"""What the groups hold that a task group raises."""

from collections.abc import Iterator
from contextlib import contextmanager

from provisioner.errors import ProvisionerError


def exceptions_of(error: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions that a group holds, those of inner groups in their place; any other yields itself."""
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseExceptionGroup):
            waiting.extend(reversed(each.exceptions))
        else:
            yield each


@contextmanager
def ungrouped() -> Iterator[None]:
    """Raise the first ``ProvisionerError`` that a group of exceptions holds, in place of the group.

    To be entered around a task group. A group without one is raised as it is: chained to itself, or to one of its
    members, it would be its own cause.
    """
    found: ProvisionerError | None = None
    try:
        yield
    except BaseExceptionGroup as group:
        found = next((each for each in exceptions_of(group) if isinstance(each, ProvisionerError)), None)
        if found is None:
            raise
    if found is not None:
        raise found from None
