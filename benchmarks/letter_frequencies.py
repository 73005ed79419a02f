"""Derive ``provisioner/sources/text/letter_frequencies.xz`` from lists of names.

Run it with ``python -m benchmarks.letter_frequencies``. The file is text, compressed with xz. Blocks are separated
by empty lines; the first tells the sources. Each other block starts with the code of a language. Each of its lines
has a context of at most two letters, a tab, and the letters behind it, grouped by their share of all letters of
the language: a sign of ``LEVELS``, then the letters of that share.
"""

import lzma
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from benchmarks.name_lists import Lists, as_cp1258, read_name_lists
from benchmarks.process import ROOT
from provisioner.sources.text.letter_frequencies import END, LEAST, LEVELS, START, STEPS
from provisioner.sources.text.likelihood import words_of

TARGET = ROOT / "provisioner" / "sources" / "text" / "letter_frequencies.xz"
LARGEST = 60 * 1024
WEIGHTS = {"given": 1.0, "family": 1.0, "city": 0.5, "street": 0.2}
FEWEST = 50
"""Fewest words of a language that is taken in."""
WITHOUT_CONTEXT = {"ja", "ko", "zh", "zh_TW"}
"""Languages whose characters are counted one by one."""
OWN_SCRIPT = {"ar", "bg", "el", "fa", "he", "mk", "ru", "th", "uk", "vi"}
"""Languages that pairs of letters tell apart well enough: no more is kept of them."""
SHARE_OF_ENDS = 0.3
"""Share of the ends of words, where characters are counted one by one."""


def words_in(lists: Lists, language: str) -> dict[str, float]:
    """Return the words of a language with their weights."""
    found: dict[str, float] = defaultdict(float)
    for kind, weight in WEIGHTS.items():
        for text in lists[kind]:
            for word in words_of(as_cp1258(text) if language == "vi" else text):
                found[word] += weight
    return found


def shares_of(words: Mapping[str, float], language: str) -> dict[str, float]:
    """Return the share of each combination of up to three letters that is frequent enough to be kept."""
    counts: list[dict[str, float]] = [defaultdict(float) for _ in LEAST]
    for word, weight in words.items():
        signs = f"{START}{START}{word}{END}"
        for end in range(3, len(signs) + 1):
            for length in range(3):
                counts[length][signs[end - 1 - length : end]] += weight
    total = sum(counts[0].values())
    if language in WITHOUT_CONTEXT:
        return {letter: count / total for letter, count in counts[0].items()} | {END: SHARE_OF_ENDS}
    lengths = 2 if language in OWN_SCRIPT else 3
    return {
        letters: count / total
        for length in range(lengths)
        for letters, count in counts[length].items()
        if count / total >= LEAST[length] and (length < 2 or _tells(letters))
    }


def _tells(letters: str) -> bool:
    return not letters.isascii() and not letters.startswith(START * 2)


def block_of(language: str, shares: Mapping[str, float]) -> str:
    """Return the block of a language in the file."""
    groups: dict[str, dict[str, str]] = defaultdict(lambda: defaultdict(str))
    for letters, share in sorted(shares.items()):
        level = LEVELS[min(round(-math.log2(share) * STEPS), len(LEVELS) - 1)]
        groups[letters[:-1]][level] += letters[-1]
    rows = (
        f"{context}\t{''.join(level + letters for level, letters in sorted(levels.items()))}"
        for context, levels in sorted(groups.items())
    )
    return "\n".join((language, *rows))


def blocks(sources: Iterable[Mapping[str, Lists]]) -> Iterator[str]:
    """Yield the blocks of all languages that have enough words."""
    languages: dict[str, dict[str, float]] = {}
    for source in sources:
        for language, lists in source.items():
            known = languages.setdefault(language, defaultdict(float))
            for word, weight in words_in(lists, language).items():
                known[word] += weight
    for language, words in sorted(languages.items()):
        if len(words) >= FEWEST:
            yield block_of(language, shares_of(words, language))


def main() -> None:
    """Write the file and print its size."""
    names = read_name_lists()
    told = "\n".join(
        (
            "# Shares of letters in names and places, by benchmarks/letter_frequencies.py, from lists in",
            f"# Faker {names.versions['faker']}, every second name (MIT licence, github.com/joke2k/faker)",
            f"# Faker.js {names.versions['@faker-js/faker']} (MIT licence, github.com/faker-js/faker)",
        )
    )
    text = "\n\n".join((told, *blocks((names.faker, names.faker_js))))
    # A small dictionary: the default of this preset takes 64 MiB of memory to unpack.
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 128 * 1024}]
    packed = lzma.compress(text.encode(), filters=filters)
    if len(packed) > LARGEST:
        message = f"{len(packed)} bytes are more than {LARGEST}"
        raise SystemExit(message)
    TARGET.write_bytes(packed)
    print(f"{len(text.encode())} bytes, compressed {len(packed)}")


if __name__ == "__main__":
    main()
