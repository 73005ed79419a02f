"""Rules of the rows that hold for every text there is."""

import json

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from provisioner.models import Mapped
from provisioner.rows import build_request, digest, is_nearly_full, mask_request, rebuild_request
from tests.mapped import mapped_of

ADDRESS = "IG" + "0" * 32
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
REAL_TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), REAL_TEXT
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(REAL_TEXT, inner, max_size=3)),
    max_leaves=8,
)
JSON_TEXT = st.builds(
    lambda value, ascii_only, indent: json.dumps(value, ensure_ascii=ascii_only, indent=indent),
    st.dictionaries(REAL_TEXT, VALUES, max_size=4),
    st.booleans(),
    st.sampled_from([None, 2]),
)
ANY_MAPPED = st.builds(
    mapped_of,
    address_sid=st.one_of(st.just(ADDRESS), ANY_TEXT),
    chat_friendly_name=ANY_TEXT,
    customer_friendly_name=ANY_TEXT,
    pre_engagement_data=st.one_of(ANY_TEXT, JSON_TEXT, st.text('{}[]":,\\ud8c01e.-tn ', max_size=20)),
    identity=ANY_TEXT,
    ui_version=ANY_TEXT,
    first_message=ANY_TEXT,
    key=ANY_TEXT,
    members=st.dictionaries(ANY_TEXT, ANY_TEXT.filter(bool), max_size=3),
    columns=st.just({"key": "Id"}),
    refusal=st.just(""),
)


@given(mapped=ANY_MAPPED, friendly_name=st.booleans())
def test_no_row_makes_anything_raise(mapped: Mapped, friendly_name: bool) -> None:
    """Whatever the texts are, a row has a request, a digest and a rendering; what it cannot send is a problem."""
    request, problems = build_request(mapped, friendly_name=friendly_name)

    assert len(digest(request)) == 16
    assert mask_request(request).keys() == {
        field for field, text in msgspec.structs.asdict(request).items() if text
    }
    if not problems:
        assert is_nearly_full(request) is False
        "".join(msgspec.structs.astuple(request)).encode()
        assert not request.pre_engagement_data or isinstance(json.loads(request.pre_engagement_data), dict)


@given(mapped=ANY_MAPPED, friendly_name=st.booleans(), marker=st.sampled_from(["", "mark"]))
def test_a_row_is_rebuilt_as_it_was_built(mapped: Mapped, friendly_name: bool, marker: str) -> None:
    """The second pass asks Twilio for what the first one found right."""
    request, _ = build_request(mapped, friendly_name=friendly_name, marker=marker)

    assert rebuild_request(mapped, friendly_name=friendly_name) == request


LENGTHS = st.sampled_from([0, 1, 100, 255, 256, 257, 512, 513])


@given(st.sampled_from(["a", "é"]), LENGTHS, LENGTHS, LENGTHS)
def test_each_text_has_a_limit_of_its_own(letter: str, name: int, chat: int, key: int) -> None:
    """Long texts that are short enough do not add up to a problem, and short ones hide no long one."""
    mapped = mapped_of(
        address_sid=ADDRESS,
        chat_friendly_name=letter * chat,
        customer_friendly_name=letter * name,
        key=letter * key,
    )

    _, problems = build_request(mapped, friendly_name=True)

    limits = {"key": (key, 512), "chat_friendly_name": (chat, 256), "customer_friendly_name": (name, 256)}
    assert [problem.field for problem in problems] == [
        field for field, (size, most) in limits.items() if size > most
    ]


@given(
    name=REAL_TEXT.filter(lambda text: "\0" not in text),
    members=st.dictionaries(REAL_TEXT, REAL_TEXT.filter(bool)),
)
@example(name="\u2028", members={"": "\x7f\x1b\ufeff", "e\u0301": "\u202e\u0000"})
def test_texts_round_trip_exactly_through_the_json(name: str, members: dict[str, str]) -> None:
    """What the server reads is what the export said, character by character."""
    mapped = mapped_of(address_sid=ADDRESS, customer_friendly_name=name, members=members)

    request, problems = build_request(mapped, friendly_name=True)

    expected = {"friendlyName": name, **members} if name else members
    assert problems == ()
    assert json.loads(request.pre_engagement_data or "{}") == expected


@given(data=JSON_TEXT, members=st.dictionaries(REAL_TEXT, REAL_TEXT.filter(bool), max_size=2), name=REAL_TEXT)
def test_json_text_keeps_its_meaning(data: str, members: dict[str, str], name: str) -> None:
    """Adding to the object changes nothing else in it."""
    mapped = mapped_of(pre_engagement_data=data, members=members, customer_friendly_name=name)

    request, problems = build_request(mapped, friendly_name=True)

    added = {"friendlyName": name} if name else {}
    assert json.loads(request.pre_engagement_data) == {**added, **json.loads(data), **members}
    assert not any(problem.field.startswith("pre_engagement") for problem in problems)


@given(one=ANY_MAPPED, other=ANY_MAPPED)
def test_different_requests_have_different_digests(one: Mapped, other: Mapped) -> None:
    """Requests share a digest only when they are equal."""
    requests = [build_request(mapped, friendly_name=False)[0] for mapped in (one, other)]

    assert (digest(requests[0]) == digest(requests[1])) == (requests[0] == requests[1])
