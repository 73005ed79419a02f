"""Where each field comes from, as a plan shows it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from provisioner.mapping import Mapping
from provisioner.options import CheckOptions
from provisioner.planning.input import open_input
from provisioner.planning.preview import preview

ADDRESS = "IG" + 32 * "a"
EXPORT = "Id,First,Last,Note,pre_engagement.plan\n7,Ana,Example,,gold\n8,Bo,Example,hello,\n"


def table_of(
    folder: Path,
    texts: Sequence[str],
    rows: Sequence[int],
    *,
    suffix: str = "csv",
    shows: bool = False,
    **how: Any,
) -> list[tuple[str, str, str]]:
    """Write each text to a file, and return the table of the input that they are."""
    files = [folder / f"{number}.{suffix}" for number, _ in enumerate(texts)]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text, encoding="utf-8")
    options = CheckOptions(address_sid=ADDRESS, **how)
    with open_input([str(file) for file in files], options, Mapping.from_options(options)) as opened:
        found = preview(opened, rows, shows_values=shows).fields
    return [(each.field, each.origin, each.example) for each in found]


def test_each_field_has_a_line_with_its_origin_and_a_masked_example(tmp_path: Path) -> None:
    """Columns, templates and constants are told apart; an example is of the first row that has one."""
    assignments = (
        "customer_friendly_name={First} {Last}",
        "chat_friendly_name={Note}",
        "pre_engagement.source=CRM",
    )

    assert table_of(tmp_path, [EXPORT], [1, 2], set=assignments, key=("Id",)) == [
        ("address_sid", "--address-sid", ADDRESS),
        ("chat_friendly_name", "column 'Note' (--set)", "<5 characters>"),
        ("customer_friendly_name", "{First} {Last} (--set)", "<11 characters>"),
        ("pre_engagement.friendlyName", "customer_friendly_name", "<11 characters>"),
        ("pre_engagement.plan", "column 'pre_engagement.plan'", "<4 characters>"),
        ("pre_engagement.source", "CRM (--set)", "<3 characters>"),
        ("identity", "the row's key, by digest (--identity auto)", "wc-…"),
        ("key", "column 'Id' (--key)", "<1 character>"),
    ]


def test_a_field_that_nothing_gives_is_told_where_every_chat_should_have_it(tmp_path: Path) -> None:
    """A name is missed; other fields are not."""
    table = table_of(tmp_path, ["Id,Given\n1,Ana\n"], [1])

    assert [(field, origin) for field, origin, _ in table] == [
        ("address_sid", "--address-sid"),
        ("customer_friendly_name", "nothing"),
        ("identity", "the row's key, by digest (--identity auto)"),
        ("key", "the row's content"),
    ]


def test_mapping_files_and_presets_are_named(tmp_path: Path) -> None:
    """A file with its line, a preset by its name; types and presets show what becomes of a value."""
    file = tmp_path / "mapping.toml"
    file.write_text(
        'customer_friendly_name = "{First}"\n[pre_engagement]\nage = {from = "{Id}", type = "number"}\n'
    )
    hubspot = "Record ID,First Name,Last Name,Email\n1,Ana,Example,ana@example.com\n"

    by_file = table_of(tmp_path, [EXPORT], [1], map=file)
    by_preset = table_of(tmp_path, [hubspot], [1], preset="hubspot")

    assert ("customer_friendly_name", f"column 'First' ({file}, line 1)", "<3 characters>") in by_file
    assert ("pre_engagement.age", f"column 'Id' ({file}, line 3)", "<1 character>") in by_file
    names = {field: origin for field, origin, _ in by_preset}
    assert names["customer_friendly_name"].endswith("(--preset hubspot)")


def test_inputs_that_differ_are_told_side_by_side(tmp_path: Path) -> None:
    """So are records of many shapes; an example is of the rows that were read."""
    csv = table_of(tmp_path, ["Customer Friendly Name\nAna\n", "CustomerFriendlyName\nBo\n"], [1], shows=True)
    lines = '{"CustomerFriendlyName": "Ana", "pre_engagement_data": {"a": 1}}\n{"identity": "x"}\n'
    json = table_of(tmp_path, [lines], [1, 2], suffix="jsonl", shows=True)

    name = "column 'Customer Friendly Name' / column 'CustomerFriendlyName'"
    assert ("customer_friendly_name", name, "Ana") in csv
    assert ("identity", "column 'identity'", "x") in json
    assert ("pre_engagement_data", "column 'pre_engagement_data'", '{"a":1}') in json


def test_an_identity_of_the_users_own_is_told_like_any_field(tmp_path: Path) -> None:
    """With ``--identity`` as with ``--set``."""
    hows: list[dict[str, Any]] = [{"identity": "crm-{Id}"}, {"set": ("identity=crm-{Id}", "chat_friendly_name=x")}]
    for how in hows:
        table = table_of(tmp_path, [EXPORT], [1], **how)

        assert [origin.partition(" ")[0] for field, origin, _ in table if field == "identity"] == ["crm-{Id}"]
