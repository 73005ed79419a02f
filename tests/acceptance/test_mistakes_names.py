"""A mapping that was forgotten or mistyped: nobody gets a chat without a name, or one named after a column."""

import pytest

from tests.acceptance.mistakes import refused
from tests.acceptance.program import Program

pytestmark = pytest.mark.acceptance

HUBSPOT = "Record ID,First Name,Last Name\n1,Ana,Lim\n2,Bo,Ek\n"
UNKNOWN = "member,called\n1,Ana\n2,Bo\n"
RUN = ("-o", "r.csv", "--yes", "--simulate", "--rate", "0")


async def test_an_export_without_its_preset_is_told_which_it_is(program: Program) -> None:
    """``check``, ``run`` and ``load`` refuse it alike; with the preset that they name it runs."""
    program.write("in.csv", HUBSPOT)
    says = [
        "in.csv: no column gives a name",
        "this looks like a HubSpot export: --preset hubspot",
        "--allow-blank",
    ]

    await refused(program, "check", "in.csv", says=says)
    await refused(program, "run", "in.csv", *RUN, says=says)
    await refused(program, "load", "in.csv", *RUN, "--rate", "9/s", "--cycle", "--duration", "1s", says=says)
    mapped = await program("run", "in.csv", *RUN, "--preset", "hubspot")

    assert (mapped.code, mapped.counts) == (0, {"created": 2})


async def test_an_export_that_nobody_knows_is_sent_blank_only_by_insisting(program: Program) -> None:
    """The way on is a mapping file; --allow-blank sends the rows as they are."""
    program.write("in.csv", UNKNOWN)
    says = ["in.csv: no column gives a name", "provisioner mapping suggest in.csv", "--allow-blank"]

    await refused(program, "run", "in.csv", *RUN, says=says)
    insisted = await program("run", "in.csv", *RUN, "--allow-blank", "--key", "member")

    assert (insisted.code, insisted.counts) == (0, {"created": 2})


async def test_names_that_are_all_empty_are_told_however_often_the_file_was_planned(program: Program) -> None:
    """The refused command leaves nothing in the way of the corrected one; insisting once is not for ever."""
    program.write("in.csv", "member,CustomerFriendlyName,called\n1,,Ana\n2,,Bo\n")
    says = ["in.csv: no row has a name, data or a message", "--allow-blank"]

    await refused(program, "run", "in.csv", *RUN, says=says)
    corrected = await program("run", "in.csv", *RUN, "--set", "customer_friendly_name={called}")
    other = ("in.csv", "-o", "other.csv", *RUN[2:], "--new-job")
    insisted = await program("run", *other, "--allow-blank", "--limit", "1")
    again = await program("run", *other)

    assert (corrected.code, corrected.counts) == (0, {"created": 2})
    assert (insisted.code, insisted.counts) == (8, {"created": 1, "unsent": 1})
    assert again.code == 2
    assert says[0] in again.stderr


async def test_braces_that_were_forgotten_are_told(program: Program) -> None:
    """A text that is a column's name is hardly meant for every row."""
    program.write("in.csv", HUBSPOT)

    says = [
        "--set customer_friendly_name: every row would get the text 'First Name'",
        "did you mean {First Name}?",
    ]
    await refused(program, "run", "in.csv", *RUN, "--set", "customer_friendly_name=First Name", says=says)


async def test_the_preset_of_another_system_is_answered_with_the_right_one(program: Program) -> None:
    """It names the column that is missing and the preset that knows the columns."""
    program.write("in.csv", HUBSPOT)

    says = ["in.csv: --preset pipedrive does not fit: there is no column", "HubSpot export: --preset hubspot"]
    await refused(program, "run", "in.csv", *RUN, "--preset", "pipedrive", says=says)
