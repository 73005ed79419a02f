"""Rules of numbers of which a spreadsheet program has kept only the first digits."""

import pytest

from provisioner.rows import holds_cut_number
from provisioner.rows.validation import validate_identity, validate_key


@pytest.mark.parametrize(
    "text",
    [
        "1.23457E+11",
        "1,23459E+11",
        "1E+15",
        "-1.5E+09",
        "12.5E+9",
        "case 1.2E+11",
        "a|1.2E+11",
        "1.23e+11",
        "1,2e+9",
    ],
)
def test_the_short_form_of_a_long_number_is_known(text: str) -> None:
    """With a point or a comma, in any case, alone or as a part of a key."""
    assert holds_cut_number(text)
    assert "Excel has cut this number" in validate_key(text)[0]
    assert any("Excel has cut this number" in reason for reason in validate_identity(text))


@pytest.mark.parametrize(
    "text",
    [
        "1.23457E11",
        "123E45",
        "E+11",
        "AE+11",
        "x1.2E+11",
        "1.2E+",
        "A+",
        "12e5",
        "1E5",
        "e+11",
        "ae+11",
        "ana-1e+2@example.org",
        "00E+1x",
    ],
)
def test_other_texts_are_keys(text: str) -> None:
    """Serial numbers and article codes may hold the letter."""
    assert not holds_cut_number(text)
    assert validate_key(text) == ()
