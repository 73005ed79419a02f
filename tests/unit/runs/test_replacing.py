"""The table of what each command may replace."""

from pathlib import Path

from provisioner.runs.replacing import RULES, table_lines

OPERATING = Path(__file__).parents[3] / "docs" / "operating.md"


def test_the_documentation_shows_the_table() -> None:
    """All of it, line by line, so that code and documentation say the same."""
    text = OPERATING.read_text(encoding="utf-8")

    assert "\n".join(table_lines()) in text


def test_the_table_has_no_option_that_is_not_there() -> None:
    """A command has every option of which the table tells."""
    assert [rule for rule in RULES if not hasattr(rule.options, rule.option)] == []
