"""Rules of JSON objects that are around records: pages of an API, answers of a database, tables of pandas."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from provisioner.errors import InputError
from provisioner.sources import Source

Open = Callable[..., Source]

ADA, BO = {"name": "Ada Öst", "crm_id": "007"}, {"name": "Bo", "crm_id": "008"}
BOTH = [ADA, BO]
OURS = [{"CustomerFriendlyName": "Ada"}]

READ: dict[str, tuple[dict[str, Any], str, list[dict[str, Any]]]] = {
    "a list alone": ({"contacts": BOTH}, "contacts", BOTH),
    "Django": ({"count": 2, "next": None, "previous": None, "results": BOTH}, "results", BOTH),
    "OData": ({"@odata.context": "x", "value": BOTH, "@odata.nextLink": "y"}, "value", BOTH),
    "Stripe": ({"object": "list", "data": BOTH, "has_more": False, "url": "/v1/customers"}, "data", BOTH),
    "Pipedrive": ({"success": True, "data": BOTH, "additional_data": {"pagination": {"start": 0}}}, "data", BOTH),
    "Zendesk": ({"users": BOTH, "next_page": None, "count": 2}, "users", BOTH),
    "an export": ({"exported": "2026-01-31", "region": "EU", "customers": BOTH}, "customers", BOTH),
    "items in data": ({"status": "ok", "data": {"items": BOTH, "total": 2}}, "data.items", BOTH),
    "HAL": ({"_links": {"self": {"href": "x"}}, "_embedded": {"people": BOTH}, "page": {"size": 2}}, "", BOTH),
    "pandas, table": (
        {
            "schema": {
                "fields": [{"name": "index", "type": "integer"}, {"name": "name", "type": "string"}],
                "primaryKey": ["index"],
                "pandas_version": "1.4.0",
            },
            "data": BOTH,
        },
        "data",
        BOTH,
    ),
    "GraphQL": (
        {"data": {"people": {"edges": [{"cursor": "x", "node": each} for each in BOTH], "pageInfo": {}}}},
        "data.people.edges",
        BOTH,
    ),
    "Elasticsearch": (
        {
            "took": 1,
            "_shards": {"total": 1},
            "hits": {
                "total": {"value": 2},
                "max_score": 1.0,
                "hits": [{"_index": "c", "_id": str(id_), "_source": each} for id_, each in enumerate(BOTH)],
            },
        },
        "hits.hits",
        [{"_id": "0", **ADA}, {"_id": "1", **BO}],
    ),
    "JSON:API": (
        {
            "data": [{"type": "people", "id": "1", "attributes": ADA, "links": {"self": "x"}}],
            "included": [{"type": "companies", "id": "1"}],
        },
        "data",
        [{"id": "1", **ADA}],
    ),
    "our fields inside": ({"name": "Export", "email": "crm@example.org", "rows": OURS}, "rows", OURS),
    "Salesforce": ({"totalSize": 2, "done": True, "records": BOTH, "extra": [{"a": 1}]}, "", BOTH),
}

REFUSED: dict[str, tuple[str, str, str]] = {
    # What pandas 3.1.1 writes.
    "pandas, split": (
        (
            '{"columns":["CustomerFriendlyName","crm_id"],"index":[0,1],'
            '"data":[["Ada \\u00d6st","007"],["Bo","008"]]}'
        ),
        "orient='split'",
        'orient="records", lines=True',
    ),
    "pandas, by default": (
        '{"CustomerFriendlyName":{"0":"Ada \\u00d6st","1":"Bo"},"crm_id":{"0":"007","1":"008"}}',
        "an object for each column, as pandas writes it by default",
        'orient="records", lines=True',
    ),
    "pandas, index": (
        '{"0":{"CustomerFriendlyName":"Ada \\u00d6st","crm_id":"007"},"1":{"CustomerFriendlyName":"Bo"}}',
        "is an object of objects",
        "jq -c '.[]'",
    ),
    "pandas, dates as index": (
        '{"Name":{"1735689600000":"Ada","1735776000000":"Bo"},"Mail":{"1735689600000":null,"1735776000000":null}}',
        "an object for each column, as pandas writes it by default",
        'orient="records", lines=True',
    ),
    "pandas, names as index": (
        '{"Name":{"r1":"Ada","r2":"Bo"},"Tags":{"r1":["a"],"r2":["b"]}}',
        "an object for each column, as pandas writes it by default",
        'orient="records", lines=True',
    ),
    "pandas, objects in cells": (
        '{"Name":{"0":"Ada"},"pre_engagement_data":{"0":{"plan":"gold"}}}',
        "an object for each column, as pandas writes it by default",
        'orient="records", lines=True',
    ),
    "pandas, values": (
        '[["Ada \\u00d6st","007"],["Bo","008"]]',
        "is a table whose rows are arrays, as pandas writes it with orient='values'",
        'orient="records", lines=True',
    ),
    "ClickHouse, JSONCompact": (
        '{"meta":[{"name":"Id","type":"Int32"}],"data":[[1],[2]],"rows":2}',
        "is a table whose rows are arrays",
        "write each row as an object",
    ),
    "arrays of columns, some nested": (
        '{"CustomerFriendlyName":["Ada","Bo"],"tags":[["a"],["b"]]}',
        "an array for each column",
        'orient="records", lines=True',
    ),
    "arrays of columns": (
        '{"CustomerFriendlyName":["Ada","Bo"],"crm_id":["007","008"]}',
        "an array for each column",
        'orient="records", lines=True',
    ),
    "Google Sheets": (
        '{"range":"A1:B2","majorDimension":"ROWS","values":[["Name","Id"],["Ada","7"]]}',
        "is a table whose rows are arrays",
        "write each row as an object",
    ),
    "Firebase": ('{"-Na":{"name":"Ada"},"-Nb":{"name":"Bo"}}', "is an object of objects", "jq -c '.[]'"),
    "DynamoDB": ('{"Item":{"name":{"S":"Ada"}}}', "is one object that contains another, Item", "jq -c '.Item'"),
    "two lists": (
        '{"contacts":[{"name":"Ada"}],"companies":[{"name":"X"}]}',
        "several lists of objects: contacts, companies",
        "jq -c '.contacts[]'",
    ),
    "a person with orders": (
        '{"name":"Ada","orders":[{"sku":1}]}',
        "a list of objects, orders, and with name beside it",
        "--input-format jsonl reads the object as one record, --input-format json reads the list",
    ),
    "names that are data": (
        '{"ada@example.org":{"plan":"gold"}}',
        "another, under a name of its own",
        "take it out;",
    ),
}

RECORDS = (
    '{"CustomerFriendlyName":"Ada"}',
    '{"customer_friendly_name":"Ada","orders":[{"sku":1}]}',
    '{"orders":[{"sku":1}],"chat friendly name":"Ada"}',
    '{"pre_engagement_data":{"orders":[{"sku":1}]}}',
    '{"name":"Ada","address":{"city":"Oslo"},"tags":["a","b"]}',
    '{"_id":{"$oid":"65"},"name":"Ada","n":{"$numberLong":"5"}}',
    '{"records":[1,2]}',
    '{"crm_id":7,"places":[[1,2],[3,4]]}',
    '{"crm_id":7,"by year":{"2024":1,"2025":2}}',
)
"""Objects that are one record each."""


def read(source: Source) -> list[dict[str, Any]]:
    """Read all records, none of which may have a problem."""
    records = list(source.records())
    assert [record.problem for record in records] == [""] * len(records)
    return [record.values for record in records if isinstance(record.values, dict)]


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("indent", [None, 1])
def test_the_records_in_an_object_are_read_and_written_back(opened: Open, name: str, indent: int | None) -> None:
    """Where there is one list of objects; where it is, is told. Fed back in, the records are the same."""
    document, path, expected = READ[name]
    stream = io.BytesIO()

    source = opened(json.dumps(document, ensure_ascii=False, indent=indent).encode())
    with source.writer(stream, ["_status"]) as writer:
        for record in source.records():
            writer.write(record, ["invalid"])

    assert read(source) == expected
    assert read(opened(stream.getvalue())) == [{**each, "_status": "invalid"} for each in expected]
    assert f"only the objects in '{path}' are read" in source.detection.note if path else True
    assert source.detection.format.value == "json"


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("indent", [None, 1])
def test_a_shape_that_is_not_read_is_refused_by_name(opened: Open, name: str, indent: int | None) -> None:
    """None of it is a WebChat; the cure gets the records out of it."""
    text, what, cure = REFUSED[name]

    with pytest.raises(InputError) as caught:
        opened(json.dumps(json.loads(text), indent=indent).encode())

    assert what in caught.value.message
    assert cure in caught.value.cure


@pytest.mark.parametrize("text", RECORDS)
def test_an_object_that_is_a_record_stays_one(opened: Open, text: str) -> None:
    """Alone in a file, and among others."""
    for content in (text, f"{text}\n{text}\n"):
        records = read(opened(content.encode()))

        assert [list(record) for record in records] == [list(json.loads(text))] * len(content.splitlines())


def test_the_user_says_what_an_object_is(opened: Open) -> None:
    """Where it may be a record or hold several; what is certainly around records is never one."""
    text = b'{"name":"Ada","orders":[{"sku":"1"},{"sku":"2"}]}'

    assert read(opened(text, input_format="json")) == [{"sku": "1"}, {"sku": "2"}]
    assert read(opened(text, input_format="jsonl")) == [{"name": "Ada", "orders": '[{"sku":"1"},{"sku":"2"}]'}]
    (record,) = opened(b'{"results":[{"name":"Ada"}]}', input_format="jsonl").records()
    assert record.problem.startswith("is not a record but an object that contains several, in results")


@pytest.mark.parametrize("joint", ["\n", ",", "\n\x1e"])
def test_pages_among_each_other_are_invalid_rows(opened: Open, joint: str) -> None:
    """As lines, as elements of an array, and as texts of a sequence."""
    pages = [
        '{"page":1,"results":[{"name":"Ada"}]}',
        '{"data":{"items":[{"name":"Ada"}]}}',
        '{"region":"EU","rows":[{"customer_friendly_name":"Ada"}]}',
        '{"name":"Ada","orders":[{"sku":1}]}',
    ]
    before, after = {"\n": ("", "\n"), ",": ("[", "]")}.get(joint, ("\x1e", "\n"))

    *around, person = opened(f"{before}{joint.join(pages)}{after}".encode()).records()

    told = "is not a record but an object that contains several, in {}; write one record at a time"
    assert [record.problem for record in around] == [
        told.format(path) for path in ("results", "data.items", "rows")
    ]
    assert person.problem == ""


@pytest.mark.parametrize(
    ("behind", "is_read"),
    [
        ('"total":5000', True),
        ('"links":[{"rel":"next"}]', True),
        ('"customer_friendly_name":"Ada"', False),
        ('"companies":[{"name":"X"}]', False),
        ('"contacts":[{"name":"X"}]', False),
    ],
)
def test_what_stands_far_behind_a_list_counts_too(opened: Open, behind: str, is_read: bool) -> None:
    """It is met while the file is read, which is before anything is sent."""
    rows = ",".join(f'{{"name":"Customer {number}"}}' for number in range(5_000))
    source = opened(f'{{"contacts":[{rows}],{behind}}}'.encode())

    if is_read:
        assert len(read(source)) == 5_000
        return
    with pytest.raises(InputError, match=r"or one of our fields beside it|gives 'contacts' twice") as caught:
        list(source.records())

    assert caught.value.line == 1
    assert caught.value.cure


def test_an_element_without_the_record_is_invalid_alone(opened: Open) -> None:
    """The others go on; a fault inside a record is told as everywhere."""
    elements = '{"node":{"name":"Ada"}},{"node":null},{"node":{"n":1,"n":2}},42'

    records = list(opened(f'{{"data":{{"people":{{"edges":[{elements}]}}}}}}'.encode()).records())

    assert [record.problem for record in records] == [
        "",
        "has no object 'node'",
        "gives the name 'n' twice",
        "is not a JSON object",
    ]


def test_a_whole_table_among_records_is_an_invalid_row(opened: Open) -> None:
    """The shape that pandas writes by default is no customer, also where several such files were joined."""
    table = '{"Id":{"0":1,"1":2},"Name":{"0":"Ada","1":"Bo"}}'

    source = opened(f'{table}\n{{"Id":3,"Name":{{"first":"Cy"}}}}\n{table}\n'.encode())

    problems = [record.problem for record in source.records()]
    assert problems == [problems[0], "", problems[0]]
    assert "is not a record but a whole table by its columns" in problems[0]
