"""Numbers of which a spreadsheet program has kept only the first digits, as in ``1.23457E+11``."""

from provisioner.system.patterns import late_pattern

_CUT = late_pattern(r"(?<![\w.,])[+-]?\d{1,3}(?:[.,]\d+)?[Ee]\+\d{1,3}(?![\w.,@])")

CUT_NUMBER = "Excel has cut this number to its first digits, as in 1.23457E+11"
"""What is wrong with such a number."""
CUT_NUMBER_CURE = "format the column as text before the numbers are read into it, and export it again"


def holds_cut_number(text: str) -> bool:
    """Return whether a text holds a number in the short form in which Excel shows and saves long numbers.

    Other programs write it with a small ``e``. Without the plus sign it may be a code, such as ``12e5``; before
    ``@`` it is a part of an address.
    """
    return ("E+" in text or "e+" in text) and _CUT.search(text) is not None
