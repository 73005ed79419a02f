"""Line ends that are unlike the others of a text, because they may stand inside a record and cut it in two."""

from collections.abc import Collection, Iterable, Sequence

from provisioner.sources.text.decoding import BOM

NAMES = {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}
"""Names of the line ends."""
CTRL_Z = "\x1a"
"""Mark at the end of a text of DOS."""
_PENDING, RARE_MARK = 0, -1
"""Marks among the numbers of lines: the next record is in doubt, and the block has a rare character."""


def line_end_of(line: str) -> str:
    """Return the line end of a line; empty at the end of the text."""
    return "\r\n" if line.endswith("\r\n") else line[-1:] if line.endswith(("\r", "\n")) else ""


class BlockWatch:
    """Watches blocks of lines for what keeps their records from being certainly whole rows.

    That is a line end other than the ``usual`` ones, because it may cut a record in two, or one of the ``rare``
    characters. ``doubts`` is empty in most blocks: records need a closer look only while it is not.
    """

    def __init__(self, usual: Collection[str], rare: str, first_line: str = "") -> None:
        self._usual, self._rare = frozenset(usual), rare
        self.first_line = first_line
        """First line of the text without its line end; the first that is looked at, when it is not given."""
        self.has_mark_in_last_line = False
        """Whether an end-of-file mark that is not on a line of its own was cut off."""
        self.doubts: set[int] = set()
        """Numbers of the lines in the last block with an unusual line end, and the marks ``0`` and ``-1``."""
        self.is_unfinished = False
        """Whether a record of the last block goes on in the next, which then has its rare characters, too."""

    @property
    def is_pending(self) -> bool:
        """Whether the next record needs a closer look, also when it is in the next block."""
        return _PENDING in self.doubts

    @is_pending.setter
    def is_pending(self, value: bool) -> None:
        if value:
            self.doubts.add(_PENDING)
        else:
            self.doubts.discard(_PENDING)

    def look_at(self, block: list[str], first: int) -> list[str]:
        """Look at the next block of lines; ``first`` is the number of its first line.

        Return it without byte order marks before a repeated first line, and with Ctrl-Z on a line of its own.
        """
        is_pending, is_rare = self.is_pending, self.is_unfinished and RARE_MARK in self.doubts
        self.doubts.clear()
        self.is_pending = is_pending
        if is_rare:
            self.doubts.add(RARE_MARK)
        self.first_line = self.first_line or block[0].rstrip("\r\n")
        text = "".join(block)
        if any(character in text for character in self._rare):
            self.doubts.add(RARE_MARK)
            block = list(map(self._unmarked, block)) if BOM in text else block
        if not self._is_usual(block, text):
            self.doubts.update(self._unusual(block, first))
        return self._with_own_mark(block) if block[-1].endswith(CTRL_Z) else block

    def _unusual(self, block: Sequence[str], first: int) -> Iterable[int]:
        """Return the numbers of the lines whose end is unusual; the last line of a text may have none."""
        if self._usual != {"\r\n"}:
            ends = ((number, line_end_of(line)) for number, line in enumerate(block, first))
            return (number for number, end in ends if end and end not in self._usual)
        found = [number for number, line in enumerate(block, first) if not line.endswith("\r\n")]
        return found if line_end_of(block[-1]) else found[:-1]

    def _unmarked(self, line: str) -> str:
        bare = line.lstrip(BOM)
        return bare if bare.rstrip("\r\n") == self.first_line else line

    def _with_own_mark(self, block: list[str]) -> list[str]:
        last = block[-1].rstrip(CTRL_Z)
        if not last:
            return block
        self.has_mark_in_last_line = True
        return [*block[:-1], last, CTRL_Z]

    def _is_usual(self, block: Sequence[str], text: str) -> bool:
        """Return whether all lines of the block certainly have a usual line end."""
        if "\r" not in text:
            return "\n" in self._usual or "\n" not in text
        if "\n" not in text:
            return "\r" in self._usual
        # Lines are cut at every line end, so all are CRLF when there are as many of both characters as lines.
        ends = len(block) - (not line_end_of(block[-1]))
        return "\r\n" in self._usual and text.count("\r") == text.count("\n") == ends
