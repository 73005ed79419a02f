"""The bytes of a form."""

from urllib.parse import quote_plus, urlencode

from hypothesis import given
from hypothesis import strategies as st

from provisioner.http_client.forms import encode_form, encode_forms, quote

TEXT = st.one_of(
    st.text(),
    st.text(st.characters(max_codepoint=127)),
    st.text(st.sampled_from('{}":,%+ &=\\/\n~ü€😀aZ09')),
    st.text(st.sampled_from('{}":,% a')),
)


@given(TEXT)
def test_a_text_is_escaped_as_the_standard_library_does(text: str) -> None:
    """Byte for byte, whatever the text, and however fast."""
    assert quote(text) == quote_plus(text).encode()


def test_each_character_by_itself_is_escaped_so() -> None:
    """Every one that JSON, names and messages are made of, and some of each length in UTF-8."""
    for character in [*map(chr, range(0x250)), "€", "\uffff", "😀"]:
        for text in (character, f'{{"a":"{character}"}}', f"é{character}"):
            assert quote(text) == quote_plus(text).encode(), ascii(text)


@given(st.dictionaries(TEXT, TEXT))
def test_a_form_is_that_of_the_standard_library(fields: dict[str, str]) -> None:
    """Names, values and their order."""
    assert encode_form(fields) == urlencode(fields).encode()


@given(st.lists(st.tuples(TEXT, TEXT, TEXT)))
def test_many_forms_are_those_of_each_row(rows: list[tuple[str, str, str]]) -> None:
    """Whatever stands in the rows beside it; fields without a text are left out."""
    names = ("Name", "Chat", "Identity")
    filled = [[(name, text) for name, text in zip(names, row, strict=True) if text] for row in rows]

    forms = encode_forms([b"Name=", b"Chat=", b"Identity="], rows)
    assert list(forms) == [urlencode(fields).encode() for fields in filled]
