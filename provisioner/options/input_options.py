"""Options of reading the input."""

from .declaration import Options, option


class InputOptions(Options):
    """How the input files are read; an empty text means: detect it."""

    encoding: str = option("", "Text encoding of the input, e.g. utf-8 or cp1252.  [default: detected]")
    delimiter: str = option("", "Field delimiter of CSV input; 'tab' for a tab.  [default: detected]")
    input_format: str = option("", "Format of the input.  [default: detected]", choices=("csv", "jsonl", "json"))
    sheet: str = option("", "Sheet of a workbook.  [default: the first visible one with values]", metavar="NAME")
    hidden_rows: str = option(
        "",
        "Send the rows that a workbook hides or filters out, or skip them; without it they are an error.",
        choices=("include", "skip"),
    )

    def to_note(self) -> str:
        """Return these options as the text that the ledger keeps; ``from_note`` reads it."""
        return f"{self.encoding}\n{self.delimiter}\n{self.input_format}\n{self.hidden_rows}\n{self.sheet}"

    @staticmethod
    def from_note(text: str) -> "InputOptions":
        """Return the options that ``to_note`` wrote; raise ``ValueError`` for any other text."""
        encoding, delimiter, input_format, *later = text.split("\n", 4)
        hidden_rows, sheet = later or ("", "")  # earlier ledgers have three lines
        return InputOptions(
            encoding=encoding, delimiter=delimiter, input_format=input_format, hidden_rows=hidden_rows, sheet=sheet
        )
