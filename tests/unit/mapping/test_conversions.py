"""Typed values: what is accepted, how it is written, and what is said of the rest."""

import pytest
from msgspec import Raw

from provisioner.errors import UsageError
from provisioner.mapping.conversions import ConversionError, ValueType, check_format, convert_members
from provisioner.models import Mapped
from provisioner.rows import build_request, digest
from tests.mapped import mapped_of

NUMBER = "is not a number as JSON writes it, like 12, -3.50 or 1e6"
ZEROS = "has leading zeros, which no JSON number has: leave its type out to send it as text"
BOOLEAN = "is neither true nor false, yes nor no, 1 nor 0"


def converted(kind: ValueType, text: str) -> str:
    """Convert a text, and return the JSON or the reason."""
    try:
        return bytes(kind.converter()(text)).decode()
    except ConversionError as error:
        return str(error)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("42", "42"),
        ("0", "0"),
        ("-0", "-0"),
        ("1.10", "1.10"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("-3.50e-7", "-3.50e-7"),
        ("1E400", "1E400"),
        ("007", ZEROS),
        ("-00.5", ZEROS),
        *((text, NUMBER) for text in ("NaN", "Infinity", "-inf", "+1", ".5", "5.", "1,234", "0x10", "1_000", "٣")),
        *((text, NUMBER) for text in ("12 34", "12\n")),
    ],
)
def test_a_number_keeps_its_digits_as_they_are_written(text: str, written: str) -> None:
    """What JSON calls a number is copied; nothing is computed, and everything else is refused."""
    assert converted(ValueType("number"), text) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        *((text, "true") for text in ("true", "TRUE", "Yes", "1")),
        *((text, "false") for text in ("n", "FALSE", "0")),
        ("2", BOOLEAN),
        ("maybe", BOOLEAN),
    ],
)
def test_a_boolean_is_what_exports_write_for_one(text: str, written: str) -> None:
    """Case does not matter; a word that is neither is refused."""
    assert converted(ValueType("boolean"), text) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('{ "a": [1.10, null] }', '{"a":[1.10,null]}'),
        ("[]", "[]"),
        ('"x"', '"x"'),
        *((text, "is not valid JSON") for text in ("{a: 1}", "[1,]", "NaN", '"\ud800"', "[" * 100_000)),
    ],
)
def test_json_goes_in_as_json(text: str, written: str) -> None:
    """It is checked and made compact; digits stay as they are."""
    assert converted(ValueType("json"), text) == written


@pytest.mark.parametrize(
    ("date_format", "text", "written"),
    [
        ("", "2024-12-31", '"2024-12-31"'),
        ("", "2024-12-31T23:59:00Z", '"2024-12-31T23:59:00+00:00"'),
        ("", "31.12.2024", "is not a date as 2024-12-31"),
        ("%d.%m.%Y", "31.12.2024", '"2024-12-31"'),
        ("%d.%m.%Y", "2024-12-31", '"2024-12-31"'),
        ("%m/%d/%Y %H:%M", "12/31/2024 09:05", '"2024-12-31T09:05:00"'),
        ("%d.%m.%Y", "31.02.2024", "is not a date of the format %d.%m.%Y or as 2024-12-31"),
        ("%d.%m.%Y", "soon", "is not a date of the format %d.%m.%Y or as 2024-12-31"),
    ],
)
def test_a_date_is_read_as_told_and_written_as_iso(date_format: str, text: str, written: str) -> None:
    """A time is kept where there is one, and no zone is invented."""
    assert converted(ValueType("date", date_format), text) == written


@pytest.mark.parametrize("date_format", ["%d.%m.%Y", "%m/%d/%y", "%Y%m%d", "%d %b %Y %I:%M %p", "%c"])
def test_a_format_of_whole_dates_is_accepted(date_format: str) -> None:
    """It has the year, the month and the day."""
    check_format(date_format, "mapping.toml: x")


@pytest.mark.parametrize(
    "date_format", ["", "%d.%m.", "%a %d %b", "%d%%Y%m", "%H:%M", "%Q", "%", "%d %d %m %Y", "%x %d", "plain", "\0"]
)
def test_any_other_format_is_refused(date_format: str) -> None:
    """It could never be right, so it is said before any row is read."""
    with pytest.raises(UsageError, match=r"^mapping.toml: x: .* is not a date format with year, month and day$"):
        check_format(date_format, "mapping.toml: x")


def test_values_are_converted_in_their_places() -> None:
    """Blank ones go, wrong ones stay as they were and are told, texts are not touched."""
    number = ValueType("number").converter()
    members: dict[str, str | Raw] = {"a": " 1 ", "b": "x", "c": " ", "d": "7"}

    faults = convert_members(members, dict.fromkeys("abcz", number))

    assert members == {"a": Raw(b"1"), "b": "x", "d": "7"}
    assert faults == [("b", NUMBER)]


def mapped(text: str, *, faults: tuple[tuple[str, str], ...] = ()) -> Mapped:
    """Return a row that has one value."""
    address = "IG" + 32 * "0"
    return mapped_of(
        address_sid=address, members={"age": text}, columns={"pre_engagement.age": "Age"}, faults=faults
    )


def test_a_value_that_does_not_parse_makes_the_row_invalid() -> None:
    """Field, column and reason are told, and never the value."""
    _, problems = build_request(mapped("secret", faults=(("pre_engagement.age", NUMBER),)), friendly_name=True)

    assert [str(problem) for problem in problems] == [f"pre_engagement.age (column 'Age'): {NUMBER}"]


def test_a_row_with_a_wrong_value_is_never_taken_for_another() -> None:
    """Its digest is neither that of the row without the value nor that of another wrong one."""
    fault = (("pre_engagement.age", NUMBER),)
    rows = [mapped(""), mapped("x", faults=fault), mapped("y", faults=fault), mapped("x")]

    digests = {digest(build_request(row, friendly_name=True)[0]) for row in rows}

    assert len(digests) == len(rows)
