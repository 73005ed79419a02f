"""What a template says, and how it is rendered."""

from operator import itemgetter

import pytest

from provisioner.errors import UsageError
from provisioner.mapping import Mapping
from provisioner.mapping.templates import Getter, Placeholder, Template, parse_template
from provisioner.options import MappingOptions
from tests.mapped import mapped_of

COLUMNS = ["First", "Last", "Note"]


def locate(placeholder: Placeholder) -> Getter:
    """Find a column by its exact name."""
    return itemgetter(COLUMNS.index(placeholder.column))


def rendered(text: str, values: list[str]) -> str:
    """Render a template over a row of ``COLUMNS``."""
    return parse_template(text, "--set x").bind(locate)(values)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("", ""),
        ("plain", "plain"),
        ("{First}", "Ada"),
        ("{First} {Last}", "Ada Example"),
        ("Dear {First}, welcome", "Dear Ada, welcome"),
        ("{{", "{"),
        ("}}", "}"),
        ("{{First}}", "{First}"),
        ("{{{First}}}", "{Ada}"),
        ("{First}{First}", "AdaAda"),
        ('{{"n": "{First}"}}', '{"n": "Ada"}'),
        ("100%s {First} \\n", "100%s Ada \\n"),
    ],
)
def test_a_template_puts_columns_into_its_text(template: str, expected: str) -> None:
    """Braces name columns, doubled braces are braces, and everything else is literal."""
    assert rendered(template, ["Ada", "Example", ""]) == expected


@pytest.mark.parametrize("value", ["{Last}", "{{Last}}", "%s", "{0.__class__}", "{First", "}", "\\1", "$First"])
def test_a_value_is_never_read_as_a_template(value: str) -> None:
    """What a row says goes in as it stands."""
    assert rendered("<{First}|{Last}>", [value, "Example", ""]) == f"<{value}|Example>"


@pytest.mark.parametrize(("first", "last"), [("", ""), (" ", ""), ("", "\t")])
def test_a_text_of_several_parts_that_says_nothing_is_empty(first: str, last: str) -> None:
    """The space between two empty columns is not a name."""
    assert rendered("{First} {Last}", [first, last, ""]) == ""


@pytest.mark.parametrize(
    ("template", "values", "expected"),
    [
        ("{First} {Last}", ["", "Example", ""], "Example"),
        ("{First} {Last}", ["Ada", "", ""], "Ada"),
        ("{First} {Last} {Note}", ["Ada", "", "x"], "Ada x"),
        ("{First} {Last} {Note}", ["", "", "x"], "x"),
        ("{First} {Last} {Note}", ["Ada", "", ""], "Ada"),
        ("Dear {First}, welcome", ["", "", ""], "Dear, welcome"),
        ("{First}: {Last}", ["", "Example", ""], ": Example"),
        ("Order {First}a", ["", "", ""], "Order a"),
        ("a {First}{Last}b", ["", "", ""], "a b"),
        ("{First} {Last}{Note}", ["Ada", "", "x"], "Ada x"),
        (" {First} {Last}", ["", "Example", ""], "Example"),
        ("({First}) {Last}", ["", "Example", ""], "() Example"),
        ("WebChat {First}", ["", "", ""], "WebChat"),
        ("Hello\n{First}!", ["", "", ""], "Hello\n!"),
        ("{First} {Last}", [" Ada ", "", ""], " Ada "),
        ("{First}  {Last}", ["Ada", "Example", ""], "Ada  Example"),
        ("{First}{Last} {Note}", ["a ", "", "b"], "a  b"),
        ("  {First}", ["", "", ""], ""),
    ],
)
def test_an_empty_column_leaves_no_stray_space(template: str, values: list[str], expected: str) -> None:
    """It takes the template's spaces beside it along, unless they part two words; a value keeps its own."""
    assert rendered(template, values) == expected


@pytest.mark.parametrize(
    ("template", "values", "expected"),
    [
        ("{First|guest}", ["", "", ""], "guest"),
        ("{First|guest}", ["  ", "", ""], "guest"),
        ("{First|guest}", ["Ada", "", ""], "Ada"),
        ("{First|}", [" ", "", ""], " "),
        ("{First|no name|at all}", ["", "", ""], "no name|at all"),
        ("Dear {First|guest} {Last}", ["", "", ""], "Dear guest"),
        ("{First|%s} {Last}", ["", "{Note}", "x"], "%s {Note}"),
    ],
)
def test_a_default_stands_where_a_column_has_nothing(template: str, values: list[str], expected: str) -> None:
    """Everything after the first bar is the default, literally."""
    mapper = Mapping.from_options(MappingOptions(address_sid="IG", set=(f"chat_friendly_name={template}",))).bind(
        COLUMNS, has_dynamic_columns=False
    )

    assert mapper(values).request.chat_friendly_name == expected


def test_a_text_beyond_the_bound_is_refused_before_it_is_made() -> None:
    """A template that names one long column again and again cannot fill the memory."""
    options = MappingOptions(address_sid="IG", set=(f"first_message={'{Note}' * 100_000}",))
    mapper = Mapping.from_options(options).bind(COLUMNS, has_dynamic_columns=False)

    refused = mapper(["", "", "x" * 1_000_000])
    mapped = mapper(["", "", ""])

    assert refused == mapped_of(refusal="--set first_message comes to more than 65,536 characters")
    assert (mapped.refusal, mapped.request.first_message) == ("", "")


def test_a_single_column_is_passed_on_verbatim() -> None:
    """Alone, even spaces travel as they stand."""
    assert rendered("{First}", ["  ", "", ""]) == "  "


def test_the_columns_of_a_template_are_told_once_each_in_order() -> None:
    """A column used twice is one column."""
    template = parse_template("{Last}, {First} ({Last})", "--set x")

    assert template.columns == ("Last", "First")


def test_a_column_name_is_everything_between_the_braces() -> None:
    """Dots, brackets, bangs and colons are no syntax: nothing can be indexed, called or formatted."""
    template = parse_template("{a.b[0]!r:>10}", "--set x")

    assert template.parts == (Placeholder("a.b[0]!r:>10"),)


def test_a_literal_template_keeps_its_braces() -> None:
    """A value given for all rows is no template."""
    assert Template.literal("{First}").bind(locate)(["Ada", "", ""]) == "{First}"


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{First", "'{' at character 1 has no partner"),
        ("Dear First}", "'}' at character 11 has no partner"),
        ("{First{Last}}", "'{' at character 1 has no partner"),
        ("a{}", "'{}' at character 2 names no column"),
        ("{|}", "'{|}' at character 1 names no column"),
    ],
)
def test_a_broken_template_is_a_usage_error_that_names_the_place(template: str, fault: str) -> None:
    """The message tells the option, the character and how to write it."""
    with pytest.raises(UsageError) as caught:
        parse_template(template, "--set chat_friendly_name")

    assert caught.value.message == f"--set chat_friendly_name: {fault}"
    assert caught.value.cure == "write {Column Name} for a column, {{ and }} for braces"


def test_a_text_that_is_meant_is_bound_as_a_plain_text() -> None:
    """Where it is all of a template, too: what comes after the mapping takes no other kind of text."""
    for written in ("{|First Name}", "{|$}{First}", "x{|y}"):
        assert type(rendered(written, ["Ada", "", ""])) is str
