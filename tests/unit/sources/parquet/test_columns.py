"""Rules of columns as texts: any nesting, in any part of an array."""

import json
import random
from typing import Any

import pyarrow as pa

from provisioner.sources.parquet.columns import column_texts, is_hollow

SPECS: list[Any] = [
    ["list", "number"],
    ["list", ["list", "text"]],
    ["object", ["list", "text"]],
    ["map", "number"],
    ["list", ["map", "text"]],
    ["map", ["list", ["object", "text"]]],
]


def type_of(spec: Any) -> Any:
    """Return the Arrow type that a specification describes."""
    if isinstance(spec, str):
        return pa.int64() if spec == "number" else pa.string()
    kind, inner = spec
    if kind == "list":
        return pa.list_(type_of(inner))
    return pa.map_(pa.string(), type_of(inner)) if kind == "map" else pa.struct([("é", type_of(inner))])


def value_of(spec: Any, chance: random.Random) -> Any:
    """Return a random value of a specification as Arrow takes it: a map is a list of pairs."""
    if chance.random() < 0.2:
        return None
    if isinstance(spec, str):
        return chance.randrange(-(10**18), 10**18) if spec == "number" else chance.choice(["", 'q"\n', "é"])
    kind, inner = spec
    values = [value_of(inner, chance) for _ in range(chance.randrange(4))]
    if kind == "map":
        return [(f"k{number}", value) for number, value in enumerate(values)]
    return values if kind == "list" else {"é": value_of(inner, chance)}


def plain(spec: Any, value: Any) -> Any:
    """Return a value as JSON has it: a map is an object."""
    if value is None or isinstance(spec, str):
        return value
    kind, inner = spec
    if kind == "list":
        return [plain(inner, each) for each in value]
    return {name: plain(inner, each) for name, each in (value if kind == "map" else value.items())}


def test_nested_values_are_the_json_of_their_parts_wherever_they_are_cut() -> None:
    """A batch may be a slice of a larger one, whose parts begin in the middle of those of the whole."""
    chance = random.Random(7)
    for spec in SPECS * 20:
        values = [value_of(spec, chance) for _ in range(20)]
        start = chance.randrange(20)
        array = pa.array(values, type_of(spec))

        for part, expected in ((array, values), (array.slice(start, 9), values[start : start + 9])):
            texts = column_texts(part).texts
            assert [None if text is None else json.loads(text) for text in texts] == [
                plain(spec, value) for value in expected
            ]


def test_times_are_iso_8601_of_any_unit_and_zone() -> None:
    """Fractions have no zeros at their end; a zone that this machine does not know is told in UTC."""
    stamps = [
        column_texts(pa.array([1_700_000_000 * 10**digits + 5, None], pa.timestamp(unit, zone))).texts[0]
        for unit, digits, zone in (
            ("s", 0, None),
            ("ms", 3, "UTC"),
            ("us", 6, "-03:30"),
            ("ns", 9, "Mars/Olympus"),
        )
    ]
    spans = column_texts(pa.array([-90_500, 0, 60_000, None], pa.duration("ms"))).texts

    assert stamps == [
        "2023-11-14T22:13:25",
        "2023-11-14T22:13:20.005Z",
        "2023-11-14T18:43:20.000005-03:30",
        "2023-11-14T22:13:20.000000005Z",
    ]
    assert spans == ["-PT90.5S", "PT0S", "PT60S", None]
    assert column_texts(pa.array([0], pa.date32())).texts == ["1970-01-01"]


def test_floating_point_numbers_have_the_fewest_digits_that_give_them() -> None:
    """Of their own precision; whole ones have no fraction, as the programs that write them lost their type."""
    double = column_texts(pa.array([0.1, 7.0, -0.0, 1e-7, 999_999_999_999_999.0, float("nan")]))
    single = column_texts(pa.array([0.1, 16_777_216.0], pa.float32()))
    half = column_texts(pa.array([0.5], pa.float16()))

    assert double.texts == ["0.1", "7", "0", "1e-07", "999999999999999", None]
    assert (single.texts, half.texts) == (["0.1", "16777216"], ["0.5"])
    assert column_texts(pa.array([1e15])).faults


def test_groups_without_members_are_no_columns() -> None:
    """Other programs write them; pyarrow names them in the schema and leaves them out of the rows."""
    empty = pa.struct([])

    for hollow in (empty, pa.struct([("a", empty)]), pa.list_(empty), pa.large_list(pa.struct([("a", empty)]))):
        assert is_hollow(hollow)
    for filled in (pa.string(), pa.struct([("a", empty), ("b", pa.int8())]), pa.list_(pa.int8())):
        assert not is_hollow(filled)
