"""What a spreadsheet makes of a key."""

from provisioner.models.spreadsheet_forms import spreadsheet_forms


def test_a_spreadsheets_changes_of_a_key_are_recognised() -> None:
    """Zeros, spaces and digits that it drops, and the case of TRUE; other keys are other keys."""
    changed = [("123", "000123"), ("1.23457E+15", "1234567890123456"), ("C-1", " c-1"), ("1,5", "1.50")]
    changed += [("1234567890123450", "1234567890123456"), ("1,23E+15", "1234567890123456"), ("1.20E+06", "12E5")]
    other = [("124", "000123"), ("C-1", "C-01"), ("", "x"), ("1.24E+15", "1234567890123456"), ("A1", "A2")]
    other += [("1", "1"), ("", " "), ("0" * 99, "0" * 100)]

    assert [there in spreadsheet_forms(here) for there, here in changed] == len(changed) * [True]
    assert [there in spreadsheet_forms(here) for there, here in other] == len(other) * [False]


def test_each_part_of_a_key_of_several_columns_may_change() -> None:
    """Alone or together, and a separator that belongs to a part is left where it is."""
    assert spreadsheet_forms("0000|EU") == {
        "0|EU": "zeros 1",
        "0000|eu": "lower case 2",
        "0|eu": "zeros 1, lower case 2",
    }
    assert spreadsheet_forms("007|1234567890123456")["7|1.23E+15"] == "zeros 1, shortened 2"
    assert spreadsheet_forms(r"A\|01|02") == {
        r"a\|01|02": "lower case 1",
        r"A\|01|2": "zeros 2",
        r"a\|01|2": "lower case 1, zeros 2",
    }
    assert spreadsheet_forms("1|2") == {}
    assert len(spreadsheet_forms("|".join(4 * ["1234567890123"]))) <= 100
