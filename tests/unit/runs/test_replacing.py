"""The table of what each command may replace."""

from pathlib import Path

from provisioner.runs.replacing import table_lines

OPERATING = Path(__file__).parents[3] / "docs" / "operating.md"


def test_the_documentation_shows_the_table() -> None:
    """All of it, line by line, so that code and documentation say the same."""
    text = OPERATING.read_text(encoding="utf-8")

    assert "\n".join(table_lines()) in text
