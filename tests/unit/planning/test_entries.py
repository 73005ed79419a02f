"""Plan entries made together, beside those made one by one."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from unittest.mock import patch

import pytest

from provisioner.mapping import Mapping
from provisioner.models import PlanEntry
from provisioner.options import RunOptions
from provisioner.planning import entries as entries_module
from provisioner.planning.findings import PlanFindings
from provisioner.planning.input import RowSettings, open_input
from provisioner.rows import build_request

ADDRESS = "IG" + 32 * "a"
ROWS = [
    {
        "id": "" if number % 97 == 5 else f"{number}" if number % 89 else "1.23457E+11",
        "CustomerFriendlyName": ["", " ", f"Zoë {number}"][min(number % 5, 2)],
        "pre_engagement.plan": "gold" if number % 3 else "",
        "pre_engagement.note": "x" * (3_000 if number % 50 else 15_500) if number > 700 else "",
        "identity": {0: " spaced", 1: "ada@example.com"}.get(number % 211, ""),
        "_status": "created" if number % 301 == 7 else "",
    }
    for number in range(1, 1_000)
]

ODD: dict[int, dict[str, object]] = {200: {"pre_engagement.plan": {"a": 1}}, 400: {"Customer_Friendly_Name": "x"}}
"""What some records have besides."""


def read_all(file: Path, rows: RowSettings) -> tuple[Sequence[PlanEntry], PlanFindings]:
    """Return the entries of a file and what was found in them."""
    options = RunOptions(address_sid=ADDRESS, key=("id",))
    with open_input([str(file)], options, Mapping.from_options(options), rows) as opened:
        return list(opened.entries()), opened.findings


def write_csv(folder: Path) -> Path:
    """Write the rows as a table; one is torn."""
    file = folder / "in.csv"
    lines = [",".join(row.values()) for row in ROWS]
    file.write_text("\n".join([",".join(ROWS[0]), *lines, "torn", ""]), encoding="utf-8")
    return file


def write_json_lines(folder: Path) -> Path:
    """Write the rows as objects: of few shapes, some nested, some with names that contradict each other."""
    file = folder / "in.jsonl"
    objects = [
        {**row, **ODD.get(number, {})}
        if number % 100 == 0
        else {name: text for name, text in row.items() if text or number < 300}
        for number, row in enumerate(ROWS)
    ]
    file.write_text("\n".join(map(json.dumps, objects)), encoding="utf-8")
    return file


@pytest.mark.parametrize("write", [write_csv, write_json_lines])
@pytest.mark.parametrize("rows", [RowSettings(), RowSettings(marker="mark", uses=1_700)])
def test_entries_made_together_are_those_made_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], Path], rows: RowSettings
) -> None:
    """Keys, digests, problems and findings are the same, whichever rows a batch has."""
    file = write(tmp_path)
    together = read_all(file, rows)

    monkeypatch.setattr(entries_module, "digest_plain_rows", lambda *_, **__: None)

    assert together == read_all(file, rows)
    assert {bool(entry.problems) for entry in together[0]} == {True, False}
    assert together[1].nearly_full
    assert together[1].blank
    assert together[1].odd_identities


def test_most_rows_beside_an_invalid_one_are_made_together(tmp_path: Path) -> None:
    """One invalid row makes only its nearest neighbours dearer."""
    file = tmp_path / "in.csv"
    lines = [f"{number},Ada,{' spaced' if number == 100 else ''}" for number in range(1_000)]
    file.write_text("id,CustomerFriendlyName,identity\n" + "\n".join(lines), encoding="utf-8")
    with patch.object(entries_module, "build_request", wraps=build_request) as build_one:
        entries, _ = read_all(file, RowSettings())

    assert [entry.row for entry in entries if entry.problems] == [101]
    assert build_one.call_count <= 16
