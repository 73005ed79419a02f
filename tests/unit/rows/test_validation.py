"""What is wrong with single texts."""

from collections.abc import Callable

import pytest

from provisioner.rows import validation
from provisioner.rows.build import CHECKS

NUL = "holds a NUL character: was the file read in the right encoding?"
HALF = "has half of a surrogate pair at character 2, which is not text"
ONE_IS = "one is IG and 32 hexadecimal digits"
PRINTABLE = "may hold only printable characters, without spaces around them"
RESERVED = "!*'();:@&=+$,/?%#[]"
IN_A_HEADER = "must be printable ASCII characters without spaces around them, as it travels in a header"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IG" + "0123456789abcdefABCDEF" + "0" * 10, ()),
        ("AD" + "0" * 32, (f"begins with AD, like the SID of a postal address; {ONE_IS}",)),
        ("IS" + "0" * 32, (f"begins with IS, like the SID of a Conversations service; {ONE_IS}",)),
        ("IG" + "0" * 32 + "\n", ("has spaces around it",)),
        (" IG" + "0" * 32, ("has spaces around it",)),
        ("IG" + "0" * 31, (f"is not the SID of a Conversations Address; {ONE_IS}",)),
        ("IG" + "0" * 33, (f"is not the SID of a Conversations Address; {ONE_IS}",)),
        ("IG" + "g" * 32, (f"is not the SID of a Conversations Address; {ONE_IS}",)),
        ("ig" + "0" * 32, (f"is not the SID of a Conversations Address; {ONE_IS}",)),
        ("IG" + "\u0660" * 32, (f"is not the SID of a Conversations Address; {ONE_IS}",)),
        ("", (f"is not the SID of a Conversations Address; {ONE_IS}",)),
    ],
)
def test_an_address_is_the_sid_of_a_conversations_address(text: str, expected: tuple[str, ...]) -> None:
    """What people paste instead is told apart, because Twilio does not tell."""
    assert validation.validate_address(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((text, ()) for text in ("Ada Example", "Ольга Пример", "x" * 256, "\U0001f600" * 256)),
        ("tab\tnewline\nbell\a", ()),
        ("x" * 257, ("is 257 characters long, at most 256 are allowed",)),
        ("a\0b", (NUL,)),
        ("a\ud800b", (HALF,)),
        ("a\udfff" + "x" * 300, ("is 302 characters long, at most 256 are allowed", HALF)),
    ],
)
def test_a_name_is_text_of_at_most_256_characters(text: str, expected: tuple[str, ...]) -> None:
    """Everything that is wrong is told at once; control characters besides NUL are the customer's business."""
    assert validation.validate_name(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("crm-0042.~_X", ()),
        ("x" * 256, ()),
        ("x" * 257, ("is 257 characters long, at most 256 are allowed",)),
        *((text, ()) for text in ("ada@example.com", "crm 42", "ä", "\u0664\u0662", RESERVED)),
        *((text, (PRINTABLE,)) for text in ("crm-42\n", " crm", "crm ", "a\x7fb", "a\u200bb", "a\u00a0b", " ")),
        ("a\0b", (NUL,)),
        ("a\ud800", (HALF,)),
        ("@" * 300, ("is 300 characters long, at most 256 are allowed",)),
    ],
)
def test_an_identity_is_printable_text(text: str, expected: tuple[str, ...]) -> None:
    """Twilio only advises against the reserved characters; invisible ones are a fault of the export."""
    assert validation.validate_identity(text) == expected


def test_an_identity_with_other_than_unreserved_characters_is_told_apart() -> None:
    """Twilio advises against the reserved characters of URLs; blanks and other alphabets are as unusual."""
    assert not validation.is_unadvised_identity("crm-0042.~_X")
    assert all(validation.is_unadvised_identity(f"crm{each}") for each in [*RESERVED, " ", "ä", "\u0664", "\n"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("crm-import/1.0 (batch)", ()),
        ("x", ()),
        *((text, (IN_A_HEADER,)) for text in ("1.0\r\nX-Evil: 1", "1.0\n", "1\0", " 1.0", "1.0 ", " ", "né")),
    ],
)
def test_a_ui_version_survives_a_header(text: str, expected: tuple[str, ...]) -> None:
    """No line end can smuggle in another header, and nothing is trimmed on the way."""
    assert validation.validate_ui_version(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello\nthere", ()),
        ("x" * 32768, ()),
        ("é" * 16385, ("is 32770 bytes, at most 32768 are allowed",)),
        ("a\ud800", (HALF,)),
        ("\0", (NUL,)),
    ],
)
def test_a_message_has_at_most_32_kib(text: str, expected: tuple[str, ...]) -> None:
    """Bytes are counted, as they travel."""
    assert validation.validate_message(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  007 |x", ()),
        ("x" * 512, ()),
        ("x" * 513, ("is 513 characters long, at most 512 are allowed",)),
        ("a\udc00", (HALF,)),
        ("\0", (NUL,)),
    ],
)
def test_a_key_is_text_of_at_most_512_characters(text: str, expected: tuple[str, ...]) -> None:
    """The ledger keeps it, so it has to be text and short."""
    assert validation.validate_key(text) == expected


@pytest.mark.parametrize(
    "check",
    [
        validation.validate_address,
        validation.validate_name,
        validation.validate_identity,
        validation.validate_ui_version,
        validation.validate_message,
        validation.validate_key,
    ],
)
def test_no_reason_repeats_what_the_row_says(check: Callable[[str], tuple[str, ...]]) -> None:
    """Reasons are logged and printed; the customer's data is not."""
    text = "\0Zebedee Quux\ud800" * 3000

    reasons = check(text)

    assert reasons
    assert not any("Zebedee" in reason or "Quux" in reason for reason in reasons)


def test_a_text_that_is_no_setting_at_all_tells_how_to_pass_the_column_by() -> None:
    """Exports have columns of these names that mean something else; a job that has begun keeps its mapping."""
    for field in ("attributes", "inactive_after", "close_after"):
        (reason,) = CHECKS[field]("next Tuesday")

        assert f"--set {field}= ignores it in a new job; in one that has begun, rename it" in reason
