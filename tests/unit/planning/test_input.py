"""The two passes over an input: what is planned, and the same rows found again to be sent."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import InputError, UsageError
from provisioner.ledger import LedgerLocation, open_ledger
from provisioner.mapping import Mapping
from provisioner.models import Claim, PlanEntry
from provisioner.options import RunOptions
from provisioner.planning import plan
from provisioner.planning.feed import SourceFeed
from provisioner.planning.input import JobInput, PlanInterrupted, RowSettings, open_input
from provisioner.planning.plan import plan_input
from provisioner.rows import IdentityPolicy, digest, identity_for, marker_for

ADDRESS = "IG" + 32 * "a"
TABLE = "id,CustomerFriendlyName,identity\n1,Ana,\n,Bo,\n3,Cy,guest-3\n4\n5,Eve,not\u200ballowed\n"


@contextmanager
def input_of(folder: Path, *texts: str, suffix: str = "csv", key: Sequence[str] = ("id",)) -> Iterator[JobInput]:
    """Write each text to a file and open them all."""
    files = []
    for number, text in enumerate(texts):
        file = folder / f"in-{number}.{suffix}"
        file.write_text(text, encoding="utf-8")
        files.append(str(file))
    options = RunOptions(address_sid=ADDRESS, key=tuple(key))
    with open_input(files, options, Mapping.from_options(options)) as opened:
        yield opened


def claims_of(entries: Sequence[PlanEntry]) -> list[Claim]:
    """Return what a ledger would hand out for the valid entries."""
    return [Claim(each.row, each.row, each.key, each.digest) for each in entries if not each.problems]


def test_every_record_is_an_entry_with_its_place_key_and_problems(tmp_path: Path) -> None:
    """Rows are counted over all files, lines within each, and a row whose key is wrong has none."""
    with input_of(tmp_path, TABLE, "id,CustomerFriendlyName\n6,Dee\n") as opened:
        entries = list(opened.entries())

    told = [
        (each.row, each.source, each.line, each.key, [str(each) for each in each.problems]) for each in entries
    ]
    assert told == [
        (1, 0, 2, "1", []),
        (2, 0, 3, "", ["key (column 'id'): is empty"]),
        (3, 0, 4, "3", []),
        (4, 0, 5, "", ["has 1 field, the header has 3"]),
        (5, 0, 6, "5", ["identity: may hold only printable characters, without spaces around them"]),
        (6, 1, 2, "6", []),
    ]


def test_rows_can_be_read_again_by_their_numbers(tmp_path: Path) -> None:
    """Over all files, as often as asked, and no further than the last of them."""
    text = "id,CustomerFriendlyName\n" + "".join(f"{number},C{number}\n" for number in range(9))
    with input_of(tmp_path, text, text.replace(",C", ",D").replace(",Dustomer", ",Customer")) as opened:
        found = [[request.customer_friendly_name for _, request in opened.mapped({2, 10})] for _ in range(2)]
        none = list(opened.mapped(()))

    assert found == [["C1", "D0"]] * 2
    assert none == []


def test_data_near_the_limit_is_counted(tmp_path: Path) -> None:
    """Rows whose data another way of counting may refuse are told, once a pass."""
    with input_of(tmp_path, f"id,pre_engagement.note\n1,{'x' * 16_000}\n2,short\n") as opened:
        list(opened.entries())

    assert opened.findings.nearly_full == 1
    assert opened.notes == ("1 rows have pre-engagement data close to Twilio's limit of 16 KB",)


def test_a_pass_can_be_interrupted(tmp_path: Path) -> None:
    """A stop signal ends the pass at the next row."""
    with input_of(tmp_path, "id\n1\n2\n3\n") as opened:
        entries = opened.entries()
        next(entries)
        opened.interrupt()
        with pytest.raises(PlanInterrupted):
            next(entries)


def test_two_passes_at_once_number_the_uses_of_a_record_each_for_itself(tmp_path: Path) -> None:
    """Which use of a record it is belongs to the pass: another one that starts in between changes nothing."""
    file = tmp_path / "in.csv"
    file.write_text("id\n1\n2\n", encoding="utf-8")
    options = RunOptions(address_sid=ADDRESS, key=("id",))
    with open_input([str(file)], options, Mapping.from_options(options), RowSettings(uses=4)) as opened:
        first, second = opened.entries(), opened.entries()
        keys = [next(first).key for _ in range(3)]
        others = [next(second).key]
        keys += [each.key for each in first]
        others += [each.key for each in second]

    assert keys == others == ["1", "2", "1#2", "2#2"]


def test_a_name_that_no_record_has_is_refused_at_the_end(tmp_path: Path) -> None:
    """In JSON Lines a column may turn up late; one that never does is a mistake, named with what there is."""
    with (
        input_of(tmp_path, '{"crm_id": "1"}\n{"Name": "Ana"}\n', suffix="jsonl") as opened,
        pytest.raises(UsageError, match=r"in-0\.jsonl: no record has 'id'") as caught,
    ):
        list(opened.entries())

    assert caught.value.cure == "the names are: crm_id, Name"


def test_a_misspelt_name_is_refused_with_the_nearest(tmp_path: Path) -> None:
    """As in a table, where it is known before the first row."""
    with (
        input_of(tmp_path, '{"crm_id": "1"}\n', suffix="jsonl", key=("crm_di",)) as opened,
        pytest.raises(UsageError) as caught,
    ):
        list(opened.entries())

    assert caught.value.cure == "did you mean 'crm_id'? the names are: crm_id"


async def test_an_unchanged_input_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planning the same bytes again costs nothing, unless by another version, which may see them otherwise."""
    with input_of(tmp_path, "id\n1\n2\n") as opened:
        async with open_ledger(LedgerLocation(tmp_path / "job.ledger"), {}, version="1") as ledger:
            reports = [await plan_input(ledger, opened, lambda _rows: None) for _ in range(2)]
            monkeypatch.setattr(plan, "__version__", "99")
            reports.append(await plan_input(ledger, opened, lambda _rows: None))

    assert [report.is_reused for report in reports] == [False, True, False]
    assert [report.counts.pending for report in reports] == [2, 2, 2]


async def test_claimed_rows_are_found_again(tmp_path: Path) -> None:
    """Each claim becomes its request, rows that were not claimed are passed over, over several files."""
    with input_of(tmp_path, TABLE, "id,CustomerFriendlyName\n6,Dee\n") as opened:
        claims = claims_of(list(opened.entries()))
        row_loader = SourceFeed(opened, IdentityPolicy("salt"))
        rows = [*await row_loader.rows(claims[:1]), *await row_loader.rows(claims[1:])]

    assert [(row.id, row.row, row.key, row.request.customer_friendly_name) for row in rows] == [
        (1, 1, "1", "Ana"),
        (3, 3, "3", "Cy"),
        (6, 6, "6", "Dee"),
    ]


@pytest.mark.parametrize(
    ("naming", "identities"),
    [
        (IdentityPolicy("salt"), [identity_for("salt", "1"), "guest-3"]),
        (IdentityPolicy("salt", "none"), ["", "guest-3"]),
        (IdentityPolicy("salt", "{Name}"), ["", "guest-3"]),
    ],
)
async def test_an_identity_is_made_where_the_row_gives_none(
    tmp_path: Path, naming: IdentityPolicy, identities: list[str]
) -> None:
    """It follows from job and key, after the digest, which is the same in every job."""
    with input_of(tmp_path, TABLE) as opened:
        claims = claims_of(list(opened.entries()))
        rows = await SourceFeed(opened, naming).rows(claims)

    assert [row.request.identity for row in rows] == identities
    assert digest(rows[1].request) == claims[1].digest


async def test_the_mark_of_a_row_is_in_its_data(tmp_path: Path) -> None:
    """It follows from job and key, after the digest, and stands under the name that was asked for."""
    with input_of(tmp_path, TABLE) as opened:
        claims = claims_of(list(opened.entries()))
        rows = await SourceFeed(opened, IdentityPolicy("salt", "none", "crm_mark")).rows(claims)

    data = [json.loads(row.request.pre_engagement_data) for row in rows]
    assert data == [
        {"friendlyName": "Ana", "crm_mark": marker_for("salt", "1")},
        {"friendlyName": "Cy", "crm_mark": marker_for("salt", "3")},
    ]


@pytest.mark.parametrize(
    ("claim", "line"),
    [(Claim(1, 1, "1", bytes(16)), 2), (Claim(4, 4, "4", bytes(16)), 5), (Claim(9, 9, "9", bytes(16)), None)],
    ids=["another content", "not readable", "not there"],
)
async def test_a_row_that_is_not_what_was_planned_is_not_sent(
    tmp_path: Path, claim: Claim, line: int | None
) -> None:
    """A changed input ends the run with the place and the way on."""
    with input_of(tmp_path, TABLE) as opened:
        list(opened.entries())
        with pytest.raises(InputError, match="has changed since it was planned") as caught:
            await SourceFeed(opened, IdentityPolicy("salt")).rows([claim])

    assert (caught.value.source, caught.value.line) == (str(tmp_path / "in-0.csv"), line)
    assert "run the same command again" in caught.value.cure


def entries_of(folder: Path, text: str, key: Sequence[str] = (), **options: Any) -> list[PlanEntry]:
    """Return the entries of one JSON input."""
    file = folder / "in.json"
    file.write_text(text, encoding="utf-8")
    asked = RunOptions(address_sid=ADDRESS, key=tuple(key), **options)
    with open_input([str(file)], asked, Mapping.from_options(asked)) as opened:
        return list(opened.entries())


def test_a_json_array_or_object_is_no_text_of_a_field_or_key(tmp_path: Path) -> None:
    """Such a row is invalid, whatever way led there; data may be nested, and a path leads to the text inside."""
    nested = '{"n": {"0": "Ada"}, "t": ["x", {"y": "z"}], "k": 7, "CustomerFriendlyName": "Ada"}'
    text = '{"n": "Ada", "t": "[1]", "k": "7", "CustomerFriendlyName": "Ada"}'
    fields = ("customer_friendly_name", "chat_friendly_name", "first_message", "ui_version", "identity")

    for template in ("{n}", "Case {t}", "{t.1}", "{k}{n|nobody}"):
        for field in fields:
            both = entries_of(tmp_path, f"[{nested},{text}]", set=(f"{field}={template}",))
            found = [[each.reason for each in entry.problems if each.field == field] for entry in both]
            assert "is a JSON array or object, not a text" in found[0][0], (field, template)
            assert not any("array or object" in reason for reason in found[1])
    for key in ("n", "t", "t.1"):
        (entry,) = entries_of(tmp_path, f"[{nested}]", [key])
        assert (entry.key, entry.problems[0].field) == ("", "key")
        assert "is a JSON array or object" in entry.problems[0].reason

    settings = ("customer_friendly_name={n.0}", "chat_friendly_name={t.1.y}{k}", "pre_engagement.tags={t}")
    (entry,) = entries_of(tmp_path, f"[{nested}]", ["t.0"], set=settings)
    assert (entry.key, entry.problems) == ("x", ())


def test_an_option_for_all_rows_is_not_asked_for_a_text_that_a_row_brings(tmp_path: Path) -> None:
    """A nested column of the option matters only for rows that need the option."""
    rows = '[{"n": "1", "t": ["x"], "identity": "guest-1"}, {"n": "2", "t": ["x"], "identity": ""}]'

    first, second = entries_of(tmp_path, rows, identity="{t}")

    assert first.problems == ()
    assert "is a JSON array or object" in second.problems[0].reason


def test_a_name_that_is_always_null_is_there(tmp_path: Path) -> None:
    """Its rows have no value for it, as an empty cell has none; only a name that no record has is an error."""
    rows = '[{"Id": 1, "FirstName": null, "LastName": "Muster", "Account": null, "Deep": {"a": null}}]'

    for template in ("{FirstName} {LastName}", "{LastName}{Account.Name}", "{ firstname}{LastName}{Deep.a.b}"):
        (entry,) = entries_of(tmp_path, rows, set=(f"customer_friendly_name={template}",))
        assert entry.problems == ()
    (entry,) = entries_of(tmp_path, rows, ["FirstName"])
    assert [str(each) for each in entry.problems] == ["key (column 'FirstName'): is empty"]
    for missing in ("FirstNam", "Deep.b", "LastName.x"):
        with pytest.raises(UsageError, match="no record has"):
            entries_of(tmp_path, rows, set=(f"customer_friendly_name={{LastName}}{{{missing}}}",))


def test_null_in_a_later_record_is_seen_too(tmp_path: Path) -> None:
    """However late: the names of the first records alone do not decide."""
    rows = ",".join(['{"Id": 1}'] * 1_500)

    entries = entries_of(tmp_path, f'[{rows},{{"Id": 2, "Mail": null}}]', set=("pre_engagement.mail={Mail}",))

    assert len(entries) == 1_501


def test_a_preset_is_known_by_names_that_are_always_null(tmp_path: Path) -> None:
    """A query names the columns, whatever the records have in them."""
    rows = '{"records":[{"attributes":{"type":"Contact"},"Id":"003","FirstName":null,"LastName":"Muster"}]}'

    (entry,) = entries_of(tmp_path, rows, preset="auto")

    assert (entry.key, entry.problems) == ("003", ())


def test_names_are_not_missed_where_no_record_can_be_read(tmp_path: Path) -> None:
    """What is wrong with the records is said, and not that they lack a name."""
    (entry,) = entries_of(tmp_path, '{"Name": "Ada", "Name": "Bo"}\n', set=("customer_friendly_name={Name}",))

    assert [str(each) for each in entry.problems] == ["gives the name 'Name' twice"]
