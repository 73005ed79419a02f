"""An exception is described by types and places, whatever it is chained to."""

import re

import pytest

from provisioner.errors import UsageError, ungrouped
from provisioner.options import parse_rate
from provisioner.system.tracebacks import (
    LONGEST_MESSAGE,
    MOST_EXCEPTIONS,
    MOST_PLACES,
    describe_traceback,
    fixed_part,
    place_of,
)


def raised(error: BaseException) -> BaseException:
    """Return an exception that has been raised here."""
    try:
        raise error
    except type(error) as caught:
        return caught


def recurse(depth: int) -> None:
    """Fail far down."""
    if depth == 0:
        raise ValueError("Ada")
    recurse(depth - 1)


def test_a_circle_of_causes_and_members_is_described_once() -> None:
    """Neither a group that is its own cause nor a member that names its group goes on without end."""
    member = ValueError("Ada")
    group = ExceptionGroup("Ada", [member])
    group.__cause__, member.__context__ = group, group

    lines = describe_traceback(group)

    assert lines == [
        *("ExceptionGroup, which is described elsewhere", "then:", "ExceptionGroup", "holding:"),
        *("ExceptionGroup, which is described elsewhere", "then:", "ValueError"),
    ]


def test_a_description_is_bounded() -> None:
    """A long chain, a wide group and a recursion without end are cut, and say so."""
    chain: BaseException = ValueError()
    for _ in range(1000):
        before, chain = chain, ValueError()
        chain.__cause__ = before
    wide = ExceptionGroup("", [ValueError() for _ in range(1000)])
    deep = ValueError()
    try:
        recurse(500)
    except ValueError as error:
        deep = error

    assert describe_traceback(chain).count("ValueError") == MOST_EXCEPTIONS
    assert describe_traceback(chain)[0] == "ValueError and possibly more"
    assert len(describe_traceback(wide)) < 3 * MOST_EXCEPTIONS
    assert len(describe_traceback(deep)) == MOST_PLACES + 2
    assert "… 462 more …" in describe_traceback(deep)


def test_a_place_is_the_innermost_of_ours() -> None:
    """Where none is ours it is the innermost of all, and without a traceback there is none."""
    with pytest.raises(UsageError) as ours:
        parse_rate("Ada")

    assert re.fullmatch(r"provisioner/options/limits\.py:\d+ in parse_rate", place_of(ours.value))
    assert re.fullmatch(r"tests/unit/system/test_tracebacks\.py:\d+ in raised", place_of(raised(KeyError("Ada"))))
    assert place_of(ValueError("Ada")) == "an unknown place"


def test_a_group_is_raised_as_it_is_or_as_the_error_of_ours_in_it() -> None:
    """However deep it lies; nothing is made its own cause."""
    found = UsageError("found")
    foreseen = ExceptionGroup("tasks", [ValueError(), ExceptionGroup("more", [found])])
    unforeseen = ExceptionGroup("tasks", [ValueError()])
    ends = list[BaseException]()

    for group in (foreseen, unforeseen):
        with pytest.raises(Exception, match=r"found|tasks") as caught, ungrouped():
            raise group
        ends.append(caught.value)

    assert ends == [found, unforeseen]
    assert unforeseen.__cause__ is unforeseen.__context__ is None
    assert found.__cause__ is None


def test_the_fixed_part_of_a_message_ends_at_a_bracket_or_a_line() -> None:
    """Behind it stands what the message was made of."""
    assert fixed_part("Task was destroyed <Task Ada>\nAda") == "Task was destroyed"
    assert fixed_part("plain\nAda") == "plain"
    assert len(fixed_part("x" * 1000)) == LONGEST_MESSAGE
