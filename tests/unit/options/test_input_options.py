"""Rules of how a ledger keeps the options of the input."""

import pytest

from provisioner.options import InputOptions


@pytest.mark.parametrize(
    "options",
    [
        InputOptions(),
        InputOptions(encoding="cp1252", delimiter=";", input_format="csv"),
        InputOptions(sheet="Leads\n2", hidden_rows="skip"),
    ],
)
def test_a_note_is_read_as_the_options_it_was_made_of(options: InputOptions) -> None:
    """``export`` reads the input again as the run did."""
    assert InputOptions.from_note(options.to_note()) == options


def test_a_note_of_an_earlier_version_is_read() -> None:
    """It has no sheet and no word on hidden rows."""
    assert InputOptions.from_note("utf-8\n,\ncsv") == InputOptions(
        encoding="utf-8", delimiter=",", input_format="csv"
    )


@pytest.mark.parametrize("note", ["", "utf-8", "utf-8\n,\ncsv\nskip"])
def test_another_text_is_no_note(note: str) -> None:
    """It comes from a damaged ledger."""
    with pytest.raises(ValueError, match="unpack"):
        InputOptions.from_note(note)
