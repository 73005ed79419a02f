"""Rules that hold for every mapping file there is, over every record there is."""

import json
from operator import itemgetter

from hypothesis import given
from hypothesis import strategies as st

from provisioner.errors import UsageError
from provisioner.mapping.binders import DynamicMapper, RecordMapper
from provisioner.mapping.header import Header
from provisioner.mapping.layouts import compile_mapper
from provisioner.mapping.mapping_files import MappingFile, read_mapping
from provisioner.mapping.rules import FieldRules
from provisioner.rows import build_request, digest

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=12)
COLUMN = st.sampled_from(["A", "B", "a ", "A.B", "identity", "pre_engagement.x"])
TEXT = st.one_of(
    st.text('{}|"A b.0', max_size=8).map(json.dumps),
    st.sampled_from(['"{A}"', '"{A} {B}"', '"{A.B}"', '"{B|none}"', '""', '"{A.0.B} x"']),
)
TYPED = st.builds(
    '{{ from = {}, type = "{}"{} }}'.format,
    TEXT,
    st.sampled_from(["number", "boolean", "json", "date", "text", "x"]),
    st.sampled_from(["", ', format = "%d.%m.%Y"', ', format = "%H"', ", typ = 1"]),
)
VALUE = st.one_of(
    TEXT,
    TYPED,
    st.lists(TEXT, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
    st.sampled_from(["1", "true", "1979-05-27", "[]", "[[1]]", '[["A", "B"]]', "{}", "nan"]),
)
NAME = st.sampled_from(
    ["identity", "ui_version", "CustomerFriendlyName", "columns", "encoding", "format", "x", "a.b"]
)
LINE = st.one_of(
    st.sampled_from(["[key]", "[input]", "[pre_engagement]", "[pre_engagement.a]", "[x]", "# ", ""]),
    st.builds("{} = {}".format, NAME, VALUE),
    st.text(max_size=10),
)
FIELDS = st.lists(
    st.builds("{} = {}".format, st.sampled_from(["ui_version", "identity", "first_message"]), TEXT),
    unique_by=itemgetter(0),
    max_size=2,
)
MEMBERS = st.lists(
    st.builds("{} = {}".format, st.sampled_from("xyz"), st.one_of(TEXT, TYPED)),
    unique_by=itemgetter(0),
    max_size=3,
)
KEY = st.sampled_from(["", '[key]\ncolumns = ["A"]', '[key]\ncolumns = [["A.B", "B"], "A"]'])
LIKELY = st.builds("{}\n[pre_engagement]\n{}\n{}".format, FIELDS.map("\n".join), MEMBERS.map("\n".join), KEY)
RECORD_VALUE = st.one_of(
    ANY_TEXT,
    st.sampled_from(
        ["", " ", "1.10", "007", "yes", "31.12.2024", '{"B":[{"B":1}]}', '[{"B":"x"}]', "[1,", '"', "null"]
    ),
)


def read(text: str) -> MappingFile | None:
    """Read a mapping file; a wrong one may end in nothing but a usage error."""
    try:
        return read_mapping(text, "mapping.toml")
    except UsageError:
        return None


def require_rows(mapper: RecordMapper, values: list[str] | dict[str, str]) -> None:
    """Take a record all the way to its digest."""
    mapped = mapper(values)
    request, problems = build_request(mapped, friendly_name=True)

    assert len(digest(request)) == 16
    assert problems or json.loads(request.pre_engagement_data or "{}", parse_float=str, parse_int=str) is not None
    assert len(mapped.faults) <= len(problems)


@given(lines=st.lists(LINE, max_size=6))
def test_a_text_is_a_mapping_file_or_a_usage_error(lines: list[str]) -> None:
    """Nothing that stands in a mapping file makes anything else."""
    file = read("\n".join(lines))

    assert file is None or all(rule.choices for rule in file.rules.values())


@given(text=LIKELY, columns=st.lists(COLUMN, max_size=5), values=st.lists(RECORD_VALUE, min_size=5, max_size=5))
def test_any_row_of_a_table_is_mapped_once_its_header_was_bound(
    text: str, columns: list[str], values: list[str]
) -> None:
    """Whatever file, header and cells say: a usage error before the first row, or a row with its problems."""
    if file := read(text):
        rules = FieldRules({"address_sid": file.rules.get("address_sid", _ADDRESS), **file.rules}, {}, file.key)
        try:
            mapper = compile_mapper(rules, Header(columns), has_dynamic_columns=False, found=set())
        except UsageError:
            return

        require_rows(mapper, values[: len(columns)])


@given(text=LIKELY, records=st.lists(st.dictionaries(COLUMN, RECORD_VALUE, max_size=4), max_size=3))
def test_any_record_is_mapped_or_refused(text: str, records: list[dict[str, str]]) -> None:
    """Names that contradict each other make a refused row, and nothing raises."""
    if file := read(text):
        mapper = DynamicMapper(FieldRules(file.rules, {}, file.key))

        for record in records:
            require_rows(mapper, record)
        assert set(mapper.missing_columns()) <= set(mapper._rules.columns)


_ADDRESS = read_mapping(f'address_sid = "IG{"0" * 32}"', "mapping.toml").rules["address_sid"]
