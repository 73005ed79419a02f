"""What a mapping file may say, and what is said of a wrong one."""

from pathlib import Path

import pytest

from provisioner.errors import UsageError
from provisioner.mapping import Mapping, preset_text
from provisioner.mapping.mapping_files import MAX_BYTES, load_mapping, read_mapping
from provisioner.mapping.toml_places import line_of, lines_of
from provisioner.options import InputOptions, MappingOptions
from tests.mapped import mapped_of

ADDRESS = "IG" + "0" * 32
WHOLE = """\
# Everything a mapping file can say.
CustomerFriendlyName = "{First} {Last}"
chat_friendly_name = ["Case {Case}", "WebChat {Id}"]

[pre_engagement]
plan = "{Plan|basic}"
age = { from = "{Age}", type = "number" }
"home town" = "{City}"

[key]
columns = ["Id", ["Region", "Area"]]

[input]
encoding = "cp1252"
delimiter = ";"
format = "csv"
"""
COLUMNS = ["Id", "First", "Last", "Plan", "Age", "City", "Area"]


def mapping_of(folder: Path, text: str, **options: object) -> Mapping:
    """Write a mapping file and read it with the options."""
    file = folder / "mapping.toml"
    file.write_text(text, encoding="utf-8")
    return Mapping.from_options(MappingOptions(map=file, **{"address_sid": ADDRESS, **options}))  # type: ignore[arg-type]


def fault_of(text: str) -> UsageError:
    """Return the error that reading a mapping file ends with."""
    with pytest.raises(UsageError) as caught:
        read_mapping(text, "mapping.toml")
    return caught.value


def test_a_mapping_file_says_where_everything_comes_from(tmp_path: Path) -> None:
    """Fields by template, values of the pre-engagement object, the key and how to read the input."""
    mapping = mapping_of(tmp_path, WHOLE)

    mapped = mapping.bind(COLUMNS, has_dynamic_columns=False)(["7", "Ada", "Example", "", "042", "Ghent", "EU"])

    assert mapped == mapped_of(
        address_sid=ADDRESS,
        chat_friendly_name="WebChat 7",
        customer_friendly_name="Ada Example",
        key="7|EU",
        members={"age": "042", "home town": "Ghent", "plan": "basic"},
        columns={
            "customer_friendly_name": "First, Last",
            "chat_friendly_name": "Id",
            "pre_engagement.plan": "Plan",
            "pre_engagement.age": "Age",
            "pre_engagement.home town": "City",
            "key": "Id, Area",
        },
        faults=(("pre_engagement.age", mapped.faults[0][1]),),
    )
    assert mapping.reading(InputOptions()) == InputOptions(encoding="cp1252", delimiter=";", input_format="csv")


def test_a_flag_wins_over_the_input_table(tmp_path: Path) -> None:
    """What the command line leaves open, the file decides."""
    mapping = mapping_of(tmp_path, WHOLE)

    reading = mapping.reading(InputOptions(encoding="utf-8"))

    assert reading == InputOptions(encoding="utf-8", delimiter=";", input_format="csv")


def test_the_key_flag_wins_over_the_key_table(tmp_path: Path) -> None:
    """It replaces the key as a whole."""
    mapper = mapping_of(tmp_path, WHOLE, key=("Last",)).bind(COLUMNS, has_dynamic_columns=False)

    assert mapper(["7", "Ada", "Example", "", "", "", "EU"]).key == "Example"


def test_set_wins_over_the_file_and_the_file_over_the_preset(tmp_path: Path) -> None:
    """And the preset over a column named after the field; where one is silent, the next speaks."""
    text = '[pre_engagement]\nemail = "file {Email}"\nphone = "file {Phone}"\n'
    mapping = mapping_of(tmp_path, text, preset="zoho", set=("pre_engagement.phone=set {Phone}",))
    columns = ["Record Id", "First Name", "Last Name", "Email", "Phone", "Company", "pre_engagement.company"]

    mapped = mapping.bind(columns, has_dynamic_columns=False)(["7", "Ada", "Example", "e", "p", "c", "by name"])

    assert mapped.members == {"company": "c", "crm": "Zoho", "email": "file e", "phone": "set p", "record_id": "7"}
    assert (mapped.key, mapped.request.customer_friendly_name) == ("7", "Ada Example")


@pytest.mark.parametrize(
    ("columns", "values", "name"),
    [(["A", "B", "C"], ["a", "b", "c"], "a b"), (["A", "C"], ["a", "c"], "c"), (["A"], ["a"], "nobody")],
)
def test_choices_are_tried_in_order(tmp_path: Path, columns: list[str], values: list[str], name: str) -> None:
    """The columns decide for the whole source, not the values of a row; a choice without columns always fits."""
    mapping = mapping_of(tmp_path, 'customer_friendly_name = ["{A} {B}", "{C}", "nobody"]')

    assert mapping.bind(columns, has_dynamic_columns=False)(values).request.customer_friendly_name == name


def test_no_choice_that_fits_is_an_error_that_names_them_all(tmp_path: Path) -> None:
    """The message names file, line, key and the missing columns, the cure the nearest."""
    mapping = mapping_of(tmp_path, '\nui_version = ["{Frist Name} {X}", "{Lasst Name}"]')

    with pytest.raises(UsageError) as caught:
        mapping.bind(["First Name", "Last Name"], has_dynamic_columns=False, source="people.csv")

    assert caught.value.message == (
        f"people.csv: {tmp_path / 'mapping.toml'}, line 2: ui_version: "
        "there is no column 'Frist Name' or 'Lasst Name'"
    )
    assert caught.value.cure.startswith("did you mean 'First Name' or 'Last Name'? the columns are: ")


def test_a_mapping_is_the_same_job_wherever_it_stands(tmp_path: Path) -> None:
    """Settings describe what is meant: flags and a file that say the same are the same job."""
    file = 'customer_friendly_name = "{A} {B}"\n[pre_engagement]\nplan = "{P}"\n[key]\ncolumns = ["Id"]\n'
    flags = MappingOptions(
        address_sid=ADDRESS, set=("pre_engagement.plan={P}", "customer_friendly_name={A} {B}"), key=("Id",)
    )

    assert mapping_of(tmp_path, file).settings() == Mapping.from_options(flags).settings()


def test_a_preset_is_the_same_job_as_its_own_file(tmp_path: Path) -> None:
    """Whoever saves a preset and goes on with the file goes on with the job."""
    by_name = Mapping.from_options(MappingOptions(address_sid=ADDRESS, preset="hubspot"))

    assert mapping_of(tmp_path, preset_text("hubspot")).settings() == by_name.settings()


def test_every_rule_and_type_is_a_setting_of_its_own(tmp_path: Path) -> None:
    """So that the difference between two jobs names what changed."""
    settings = mapping_of(tmp_path, WHOLE.replace('"number"', '"date", format = "%d.%m.%Y"')).settings()

    assert settings == {
        "address_sid": ADDRESS,
        "friendly_name": "yes",
        "identity": "auto",
        "key": "Id|Region",
        "first of key 2": '["Region", "Area"]',
        "ui_version": "",
        "first of chat_friendly_name": '["Case {Case}", "WebChat {Id}"]',
        "set customer_friendly_name": "{First} {Last}",
        "set pre_engagement.age": "{Age}",
        "type of pre_engagement.age": "date %d.%m.%Y",
        "set pre_engagement.home town": "{City}",
        "set pre_engagement.plan": "{Plan|basic}",
    }


@pytest.mark.parametrize(
    ("text", "message", "cure"),
    [
        ("[[x", "not TOML: ", "fix the file at that place"),
        ("x = " + "[" * 5000, "is nested too deeply", "write it flat"),
        (
            '\nidentty = "{A}"',
            ", line 2: identty: there is no field 'identty'",
            "did you mean identity? the fields",
        ),
        (
            '[inptu]\nformat = "csv"',
            ", line 1: inptu is unknown",
            "did you mean input? tables: pre_engagement, key",
        ),
        ("key = 5", ", line 1: key is not a TOML table", "write [key] and its keys below"),
        ('[key]\ncolumn = ["A"]', ", line 2: key.column is unknown", "did you mean columns? keys: columns"),
        ('[key]\ncolumns = "A"', ", line 2: key.columns must be a list of column names", 'write it like ["Id"]'),
        ("[key]\ncolumns = [1]", ", line 2: key.columns must be a list of column names", 'write it like ["Id"]'),
        ('[key]\ncolumns = [["", "A"]]', ", line 2: key.columns must be a list of column names", "write it like"),
        ('[key]\ncolumns = [""]', ", line 2: key.columns must be a list of column names", 'write it like ["Id"]'),
        ("[key]\ncolumns = [[]]", ", line 2: key.columns must be a list of column names", 'write it like ["Id"]'),
        (
            '[input]\nencodign = "x"',
            ", line 2: input.encodign is unknown",
            "did you mean encoding? keys: encoding",
        ),
        ("[input]\nencoding = 5", ", line 2: input.encoding must be a text", "put it into quotes"),
        (
            '[input]\nformat = "xml"',
            ", line 2: input.format: there is no format 'xml'",
            "known are csv, jsonl, json",
        ),
        ("ui_version = 5", ", line 1: ui_version must be a text", 'write it as a text like "{Column}"'),
        ("ui_version = []", ", line 1: ui_version must be a text", 'write it as a text like "{Column}"'),
        ('ui_version = "{"', ", line 1: ui_version: '{' at character 1 has no partner", "write {Column Name} for"),
        ('identity = "x"', ", line 1: identity: 'x' names no column, so every", "name the column that tells"),
        ('identity = "{A}"\nIdentity = "{A}"', ", line 2: Identity gives identity a second time", "give it once"),
        (
            '"pre_engagement.a" = "x"\n[pre_engagement]\na = "y"',
            ", line 1: pre_engagement.a gives pre_engagement.a a second time",
            "give it once",
        ),
        ("[pre_engagement]\na = true", ", line 2: pre_engagement.a must be a text", "write it as a text"),
        ('[pre_engagement]\n"" = "x"', ", line 1: pre_engagement.: a value needs a name", "write it as name"),
        ("[pre_engagement]\na = {}", ", line 2: pre_engagement.a has no 'from'", 'add from = "{Column}"'),
        (
            '[pre_engagement]\na = { from = "{A}", typ = "json" }',
            ", line 2: pre_engagement.a.typ is unknown",
            "did you mean type? keys: from, type, format",
        ),
        (
            '[pre_engagement]\na = { from = "{A}", type = "nubmer" }',
            ", line 2: pre_engagement.a: there is no type 'nubmer'",
            "did you mean number? types: text, number, boolean, json, date",
        ),
        (
            '[pre_engagement]\na = { from = "{A}", format = "%d" }',
            ", line 2: pre_engagement.a: a format is for dates",
            'add type = "date"',
        ),
        (
            '[pre_engagement]\na = { from = "{A}", type = "date", format = "%d.%m." }',
            ", line 2: pre_engagement.a: '%d.%m.' is not a date format with year, month and day",
            "write it like %d.%m.%Y or %m/%d/%Y %H:%M",
        ),
    ],
)
def test_what_is_wrong_is_named_by_file_line_and_key(text: str, message: str, cure: str) -> None:
    """And the cure has the nearest name, or the form."""
    error = fault_of(text)

    assert error.message.removeprefix("mapping.toml").removeprefix(": ").startswith(message)
    assert error.cure.startswith(cure)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"identity = '\xe4'", "not UTF-8 text"),
        (b"#" * (MAX_BYTES + 1), "is larger than 1 MiB, so it is not a mapping file"),
        (None, "No such file or directory"),
    ],
)
def test_a_file_that_is_no_mapping_file_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    """A folder, a data file by mistake, a wrong name: a sentence each."""
    file = tmp_path / "mapping.toml"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(UsageError) as caught:
        load_mapping(file)

    assert caught.value.message == f"{file}: {message}"


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    """Windows' own editor writes one."""
    file = tmp_path / "mapping.toml"
    file.write_bytes('\ufeffidentity = "{A}"'.encode())

    assert list(load_mapping(file).rules) == ["identity"]


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("a",), 1),
        (("t", "b"), 4),
        (("t", "c d"), 5),
        (("t", "e", "x"), 6),
        (("u",), 8),
        (("u", "v", "w"), 9),
        (("zz",), None),
    ],
)
def test_the_line_of_a_key_is_found(keys: tuple[str, ...], line: int | None) -> None:
    """Bare and quoted keys, tables, inline tables and dotted keys; what is not plain to see has no line."""
    text = 'a = 1\n\n[t]\nb = "a = 1"\n"c d" = 2\ne = { x = 1 }\n\n[ u ]\nv.w = 1\n'

    assert line_of(lines_of(text), keys) == line


def test_a_file_of_very_many_keys_is_read_in_no_time() -> None:
    """Every line is looked at once, however many keys ask for theirs."""
    text = "[pre_engagement]\n" + "".join(f'k{number} = "{{A}}"\n' for number in range(40_000))

    rules = read_mapping(text, "mapping.toml").rules

    assert rules["pre_engagement.k39999"].origin == "mapping.toml, line 40001: pre_engagement.k39999"
