"""Rules of the tables of letters that the package carries."""

import lzma
import math
from importlib.resources import files

import pytest

from provisioner.sources.text.letter_frequencies import known_languages, parse

PACKED = files("provisioner.sources.text").joinpath("letter_frequencies.xz").read_bytes()


def test_the_tables_are_small_and_name_their_sources() -> None:
    """They are part of every install, and their licence is said where they are."""
    assert len(PACKED) <= 60 * 1024
    text = lzma.decompress(PACKED, memlimit=8 * 1024 * 1024).decode()
    assert "Faker.js" in text.partition("\n\n")[0]
    assert "MIT licence" in text.partition("\n\n")[0]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("müller", "de"),
        ("garcía", "es"),
        ("gonçalves", "pt"),
        ("nørgaard", "da"),
        ("dvořák", "cs"),
        ("wójcik", "pl"),
        ("yağmur", "tr"),
        ("bērziņš", "lv"),
        ("παπαδόπουλος", "el"),
        ("кузнецова", "ru"),
        ("олексій", "uk"),
        ("כהן", "he"),
        ("鈴木", "ja"),
        ("김철수", "ko"),
    ],
)
def test_a_name_is_likeliest_in_its_language(name: str, code: str) -> None:
    """That is what tells two decodings of the same bytes apart."""
    languages = known_languages()

    found = dict(zip(languages.codes, languages.log_probabilities(name), strict=True))

    assert max(found, key=lambda each: found[each]) == code


def test_letters_without_a_context_fall_back_on_a_shorter_one() -> None:
    """No name is impossible, and what is listed is likelier than what is not."""
    languages = parse("# none\n\nxx\n\t1a2b\na\t2b\n^\t1a")

    (listed,) = languages.log_probabilities("ab")
    (unlisted,) = languages.log_probabilities("ba")
    (strange,) = languages.log_probabilities("aø")

    assert listed > unlisted > strange > -math.inf
