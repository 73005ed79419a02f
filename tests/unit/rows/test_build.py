"""A row's request, and all of its problems."""

from provisioner.models import FIELDS, Problem, WebChatRequest
from provisioner.rows import build_request, digest
from tests.mapped import mapped_of

ADDRESS = "IG" + "0" * 32


def test_a_sound_row_becomes_its_request() -> None:
    """Every text is in its place, and nothing is wrong."""
    mapped = mapped_of(
        address_sid=ADDRESS,
        chat_friendly_name="Renewal",
        customer_friendly_name="Ada Example",
        pre_engagement_data='{"n": 1.10}',
        identity="crm-7",
        ui_version="crm/1",
        first_message="Hello",
        key="7",
        members={"plan": "gold"},
        columns={"key": "Id"},
    )

    request, problems = build_request(mapped, friendly_name=True)

    assert problems == ()
    assert request == WebChatRequest(
        address_sid=ADDRESS,
        chat_friendly_name="Renewal",
        customer_friendly_name="Ada Example",
        pre_engagement_data='{"n":1.10,"plan":"gold","friendlyName":"Ada Example"}',
        identity="crm-7",
        ui_version="crm/1",
        first_message="Hello",
    )


def test_an_address_alone_is_enough() -> None:
    """It is the only field Twilio requires."""
    assert build_request(mapped_of(address_sid=ADDRESS), friendly_name=True) == (WebChatRequest(ADDRESS), ())


def test_all_problems_of_a_row_are_found_at_once() -> None:
    """Each names its field and the column it came from; none repeats a value."""
    mapped = mapped_of(
        chat_friendly_name="x" * 300,
        customer_friendly_name="Ada\ud800",
        pre_engagement_data="[1]",
        identity=" ada",
        ui_version="1\n",
        first_message="\0",
        members={"plan": "\udfff"},
        columns={"key": "Id", "chat_friendly_name": "Topic", "pre_engagement.plan": "pre_engagement_data.plan"},
    )

    _, problems = build_request(mapped, friendly_name=True)

    assert [str(problem).split(": ")[0] for problem in problems] == [
        "address_sid",
        "key (column 'Id')",
        "chat_friendly_name (column 'Topic')",
        "customer_friendly_name",
        "identity",
        "ui_version",
        "first_message",
        "pre_engagement_data",
        "pre_engagement.plan (column 'pre_engagement_data.plan')",
    ]
    assert problems[0].reason == "is missing: give --address-sid, or fill the column"
    assert problems[1] == Problem("key", "Id", "is empty")


def test_a_row_without_a_key_is_sound_where_no_key_column_is_named() -> None:
    """Its content identifies it."""
    _, problems = build_request(mapped_of(address_sid=ADDRESS, key=""), friendly_name=True)

    assert problems == ()


def test_a_bad_key_is_a_problem_of_the_row() -> None:
    """A key too long to be kept is told with its column."""
    mapped = mapped_of(address_sid=ADDRESS, key="k" * 513, columns={"key": "Id"})

    _, problems = build_request(mapped, friendly_name=True)

    assert problems == (Problem("key", "Id", "is 513 characters long, at most 512 are allowed"),)


def test_a_refused_record_has_its_refusal_for_a_problem() -> None:
    """Nothing else is said about a record that could not be mapped."""
    request, problems = build_request(mapped_of(refusal="columns contradict each other"), friendly_name=True)

    assert request == WebChatRequest()
    assert problems == (Problem("", "", "columns contradict each other"),)


def test_a_name_that_is_no_text_is_one_problem() -> None:
    """That it would go into the pre-engagement data too is not a second fault."""
    mapped = mapped_of(address_sid=ADDRESS, customer_friendly_name="\ud800", columns={})

    _, problems = build_request(mapped, friendly_name=True)

    assert [problem.field for problem in problems] == ["customer_friendly_name"]


def test_an_invalid_row_never_has_the_digest_of_a_valid_one() -> None:
    """A row without a key is known by its digest, and a broken neighbour must not take its place."""
    valid, _ = build_request(mapped_of(address_sid=ADDRESS), friendly_name=True)
    broken = [
        mapped_of(address_sid=ADDRESS, members={"a": "\ud800"}),
        mapped_of(address_sid=ADDRESS, pre_engagement_data="["),
        mapped_of(refusal="columns contradict each other"),
    ]

    digests = {digest(build_request(mapped, friendly_name=True)[0]) for mapped in broken}

    assert len(digests) == 3
    assert digest(valid) not in digests


def test_the_text_of_every_field_is_looked_at() -> None:
    """A field whose text is not checked by anything would be found out by Twilio, row after row."""
    faulty = {field: mapped_of(**{"address_sid": ADDRESS, field: "\ud800"}) for field in FIELDS}

    found = {field: build_request(mapped, friendly_name=False)[1] for field, mapped in faulty.items()}

    assert [field for field, problems in found.items() if [each.field for each in problems] != [field]] == []
