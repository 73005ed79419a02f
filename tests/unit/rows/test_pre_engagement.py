"""The JSON that a row becomes."""

import pytest

from provisioner.models import WebChatRequest
from provisioner.rows import is_nearly_full
from provisioner.rows.pre_engagement import build_json
from tests.mapped import mapped_of


def composed(
    data: str, name: str = "", members: dict[str, str] | None = None, *, friendly_name: bool = True
) -> str:
    """Return the JSON of a row that has nothing wrong with it."""
    mapped = mapped_of(pre_engagement_data=data, customer_friendly_name=name, members=members or {})
    text, faults = build_json(mapped, friendly_name=friendly_name)
    assert faults == []
    return text


def faults_of(data: str, **members: str) -> list[tuple[str, str]]:
    """Return what is wrong with a row's pre-engagement data."""
    return build_json(mapped_of(pre_engagement_data=data, members=members), friendly_name=True)[1]


@pytest.mark.parametrize(
    ("data", "name", "members", "expected"),
    [
        ("", "", {}, ""),
        ("  \n", "", {}, ""),
        ("{}", "", {}, "{}"),
        ("", "Ada", {}, '{"friendlyName":"Ada"}'),
        ("", "", {"plan": "gold"}, '{"plan":"gold"}'),
        ("", "Ada", {"plan": "gold"}, '{"plan":"gold","friendlyName":"Ada"}'),
        (" ", "Ada", {"plan": "gold"}, '{"plan":"gold","friendlyName":"Ada"}'),
        ('{"plan": 1}', "Ada", {}, '{"plan":1,"friendlyName":"Ada"}'),
        ('{"plan": 1}', "", {"plan": "gold", "x": "y"}, '{"plan":"gold","x":"y"}'),
        ('{"friendlyName": "A."}', "Ada", {}, '{"friendlyName":"A."}'),
        ('{"friendlyName": null}', "Ada", {}, '{"friendlyName":null}'),
        ("", "Ada", {"friendlyName": "A."}, '{"friendlyName":"A."}'),
        ('{"x": 1}', "Ada", {"friendlyName": "A."}, '{"x":1,"friendlyName":"A."}'),
    ],
)
def test_json_text_single_values_and_the_name_become_one_object(
    data: str, name: str, members: dict[str, str], expected: str
) -> None:
    """Single values replace members of the same name; the name is added only where there is none."""
    assert composed(data, name, members) == expected


def test_the_name_is_left_out_on_request() -> None:
    """The data is then the user's alone."""
    assert composed('{"a": 1}', "Ada", friendly_name=False) == '{"a":1}'


@pytest.mark.parametrize("name", ["", "Ada"])
@pytest.mark.parametrize(
    "value",
    [
        "123456789012345678901234567890",
        "1.10",
        "-0.0",
        "1E+5",
        "1e999",
        "9" * 5000,
        '"\\u00e9\\/\\ud83d\\ude00"',
        '[1.50,{"b":[],"a":0.10}]',
    ],
)
def test_what_stands_in_the_json_text_keeps_its_digits(value: str, name: str) -> None:
    """Values are copied, not computed with, whether something is added or not."""
    assert composed(f'{{"id": {value}}}', name).startswith(f'{{"id":{value}')


@pytest.mark.parametrize("name", ["", "Ada"])
def test_the_json_is_compact_at_every_depth(name: str) -> None:
    """Spaces between tokens count against Twilio's limit; those inside strings are the customer's."""
    assert composed('{ "a" : [ 1 , { "b c" : " d " } ] }', name).startswith('{"a":[1,{"b c":" d "}]')


def test_a_name_given_twice_is_json_all_the_same() -> None:
    """JSON allows it, and the last one counts."""
    assert composed('{"a":1,"a":2}', "Ada") == '{"a":2,"friendlyName":"Ada"}'


def test_single_values_are_strings_as_they_stand() -> None:
    """No number, date or JSON is guessed from a cell; NUL and line ends travel as JSON escapes."""
    members = {"n": "007", "j": "[1]", "s": "  ", "c": '\0\n"\\', "u": "é\U0001f600"}

    text = composed("", "", members)

    assert text == '{"n":"007","j":"[1]","s":"  ","c":"\\u0000\\n\\"\\\\","u":"é\U0001f600"}'


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        *((data, "must be a JSON object, like {...}") for data in ("[1]", '"text"', "null")),
        ("{'a': 1}", "is not valid JSON: object keys must be strings near character 2"),
        ('{"a": NaN}', "is not valid JSON: invalid character near character 7"),
        ('{"a": [1, {"b": -Infinity}]}', "is not valid JSON: invalid character near character 18"),
        ('{"é": x}', "is not valid JSON: invalid character near character 7"),
        ('{"a": 01}', "is not valid JSON: invalid number near character 8"),
        ('{"a": 1,}', "is not valid JSON: trailing comma in object near character 9"),
        ('{"a": 1} x', "is not valid JSON: trailing characters near character 11"),
        ('{"a": 1', "is not valid JSON: it ends too early, or has half of a surrogate pair"),
        ('{"a": "\\ud800"}', "is not valid JSON: it ends too early, or has half of a surrogate pair"),
        ('{"a": ["\\udc00\\ud800 "]}', "is not valid JSON: invalid utf-16 surrogate pair near character 15"),
        ('{"a": "\ud800"}', "has half of a surrogate pair at character 8, which is not text"),
        ('{"a": "\n"}', "is not valid JSON: invalid character near character 8"),
        ("\ufeff{}", "is not valid JSON: invalid character near character 1"),
        ('{"a":' + "[" * 100_000 + "]" * 100_000 + "}", "is nested too deeply"),
    ],
)
def test_json_text_that_is_no_json_object_is_a_problem_with_its_place(data: str, reason: str) -> None:
    """What strict JSON forbids is found at any depth, because Twilio would refuse it (error 45733)."""
    assert faults_of(data) == [("pre_engagement_data", reason)]


def test_all_single_values_at_fault_are_told_along_with_the_json_text() -> None:
    """One round of fixing is enough."""
    faults = faults_of("[", a="ok", b="x\ud800", **{"c\udfff": "ok"})

    half = "has half of a surrogate pair at character 2, which is not text"
    assert [field for field, _ in faults] == ["pre_engagement_data", "pre_engagement.b", "pre_engagement.c\udfff"]
    assert [reason for _, reason in faults[1:]] == [half, half]


@pytest.mark.parametrize("data", ["", "  ", '{"a": 1}'])
def test_json_text_is_not_at_fault_for_a_single_value(data: str) -> None:
    """Only what is wrong is told; a cell of spaces says nothing, which is not wrong."""
    assert [field for field, _ in faults_of(data, b="\ud800")] == ["pre_engagement.b"]


def test_data_of_exactly_the_limit_passes_and_one_byte_more_does_not() -> None:
    """UTF-8 bytes of the compact JSON are counted."""
    full = "é" * ((16_384 - len('{"a":""}')) // 2)

    assert len(composed("", "", {"a": full}).encode()) == 16_384
    assert faults_of("", a=full + "x") == [
        ("pre_engagement_data", "comes to 16385 bytes of JSON, at most 16384 are allowed")
    ]


def test_spaces_between_tokens_do_not_count() -> None:
    """It is the compact form that travels."""
    assert composed("{" + " " * 20_000 + "}") == "{}"


@pytest.mark.parametrize(("size", "expected"), [(15_000, False), (15_002, True)])
def test_data_near_the_limit_is_worth_a_hint(size: int, expected: bool) -> None:
    """Twilio does not say how it counts, so what comes close is pointed out."""
    assert is_nearly_full(WebChatRequest(pre_engagement_data="é" * (size // 2))) is expected


def test_small_data_is_not_worth_a_hint() -> None:
    """Nor is none."""
    assert not is_nearly_full(WebChatRequest())
