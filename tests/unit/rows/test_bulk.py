"""Rows that are checked and digested together, beside the same rows one by one."""

from collections.abc import Sequence

from hypothesis import example, given
from hypothesis import strategies as st

from provisioner.models import FIELDS, Mapped, MappedColumns, WebChatRequest
from provisioner.rows import build_request, digest, digest_plain_rows, is_nearly_full, rebuild_plain_rows

ADDRESS = "IG" + "0" * 32
PLAIN = {"address_sid": ADDRESS, "customer_friendly_name": "Ada Example"}
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=8)
TEXTS = {
    "address_sid": st.sampled_from([ADDRESS, ADDRESS, ADDRESS, ""]),
    "chat_friendly_name": st.one_of(ANY_TEXT, st.sampled_from(["é" * 256, "a" * 257, " ", "\0"])),
    "customer_friendly_name": st.one_of(ANY_TEXT, st.sampled_from(["", "a" * 257, "\ud800"])),
    "pre_engagement_data": st.sampled_from(["", "", "", "{}", '{"a": 1}', "["]),
    "identity": st.sampled_from(["", "crm-7", "ada@example.com", " 7"]),
    "ui_version": st.sampled_from(["", "1.0.0", "1\n"]),
    "first_message": st.sampled_from(["", "Hello", "\0", "x" * 40_000]),
    "key": st.one_of(ANY_TEXT, st.sampled_from(["7", "8", "a" * 513, "1.23457E+11"])),
    "member": st.one_of(ANY_TEXT, st.sampled_from(["", "gold", "\u2028", "x" * 4_000])),
}
ROW = st.fixed_dictionaries(TEXTS)
MEMBER_NAMES = st.sampled_from(["plan", "friendlyName", "mark", "é", 'a"b', "", "\ud800", "a\nb"])


def columns_of(rows: Sequence[dict[str, str]], member: str, columns: dict[str, str]) -> MappedColumns:
    """Return rows as a mapper gives them: a text that is the same in all of them once."""
    texts = [[row.get(field, "") for row in rows] for field in FIELDS]
    return MappedColumns(
        tuple(text[0] if len(set(text)) == 1 else text for text in texts),
        [row.get("key", "") for row in rows],
        {member: [row.get("member", "") for row in rows]},
        columns,
    )


def mapped_rows(rows: Sequence[dict[str, str]], member: str, columns: dict[str, str]) -> list[Mapped]:
    """Return the same rows one by one."""
    return [
        Mapped(
            WebChatRequest(*(row.get(field, "") for field in FIELDS)),
            row.get("key", ""),
            {member: row["member"]} if row.get("member") else {},
            columns,
        )
        for row in rows
    ]


@given(
    rows=st.lists(ROW, min_size=1, max_size=4),
    member=MEMBER_NAMES,
    columns=st.sampled_from([{}, {"key": "Id"}]),
    friendly_name=st.booleans(),
    marker=st.sampled_from(["", "mark"]),
)
@example(rows=[PLAIN, {**PLAIN, "member": "gold"}], member="plan", columns={}, friendly_name=True, marker="mark")
def test_rows_together_are_as_they_are_one_by_one(
    rows: list[dict[str, str]], member: str, columns: dict[str, str], friendly_name: bool, marker: str
) -> None:
    """Digests are given only where every row is valid and not nearly full, and are then those of the requests."""
    built = [
        build_request(mapped, friendly_name=friendly_name, marker=marker)
        for mapped in mapped_rows(rows, member, columns)
    ]

    digests = digest_plain_rows(columns_of(rows, member, columns), friendly_name=friendly_name, marker=marker)

    if digests is not None:
        assert [problems for _, problems in built if problems] == []
        assert not any(is_nearly_full(request) for request, _ in built)
        assert list(digests) == [digest(request) for request, _ in built]


@given(
    rows=st.lists(ROW, min_size=1, max_size=4),
    member=MEMBER_NAMES,
    friendly_name=st.booleans(),
    changed=st.integers(0, 8),
)
@example(rows=[PLAIN, {**PLAIN, "member": "gold"}], member="plan", friendly_name=True, changed=8)
@example(rows=[PLAIN, {**PLAIN, "member": "gold"}], member="plan", friendly_name=True, changed=1)
def test_rows_are_rebuilt_together_as_one_by_one_or_not_at_all(
    rows: list[dict[str, str]], member: str, friendly_name: bool, changed: int
) -> None:
    """The requests are those of the plan, valid or not; none is given when any row has changed since."""
    built = [
        request
        for request, _ in (build_request(m, friendly_name=friendly_name) for m in mapped_rows(rows, member, {}))
    ]
    planned = [bytes(16) if place == changed else digest(request) for place, request in enumerate(built)]

    requests = rebuild_plain_rows(columns_of(rows, member, {}), planned, friendly_name=friendly_name)

    assert requests in (None, built)
    assert requests is None or changed >= len(rows)


def test_plain_rows_are_done_together() -> None:
    """Otherwise nothing is gained; empty values, letters beyond ASCII and plus signs are plain, too."""
    rows = [
        PLAIN,
        {**PLAIN, "member": "gold", "key": "7"},
        {**PLAIN, "customer_friendly_name": "Zoë 😀", "key": "+49 30"},
        {**PLAIN, "chat_friendly_name": "Case 7", "first_message": "Hello", "identity": "crm-7"},
    ]

    digests = digest_plain_rows(columns_of(rows, "plan", {}), friendly_name=True)

    assert digests is not None
    assert rebuild_plain_rows(columns_of(rows, "plan", {}), digests, friendly_name=True) is not None


def test_a_field_that_is_not_checked_together_is_built_one_by_one() -> None:
    """A new field is never digested before somebody has said here how it is checked."""
    known = {field: {**PLAIN, field: {"address_sid": ADDRESS}.get(field, "1")} for field in FIELDS}

    together = {
        field
        for field, row in known.items()
        if digest_plain_rows(columns_of([row], "plan", {}), friendly_name=True)
    }

    assert together == {
        "address_sid",
        "chat_friendly_name",
        "customer_friendly_name",
        "identity",
        "ui_version",
        "first_message",
    }
