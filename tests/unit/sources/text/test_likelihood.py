"""Rules of how likely a decoded text is."""

from provisioner.sources.text.letter_frequencies import known_languages
from provisioner.sources.text.likelihood import TextLikelihood, words_of

LIKELIHOOD = TextLikelihood(known_languages())


def lead(right: str, wrong: str, *, header: str = "", beside: str = "", hint: str = "") -> float:
    """Return how much more likely one word is than another in the same surroundings."""
    hints = {hint: 20.0} if hint else {}
    of_right, of_wrong = (LIKELIHOOD.of([header, f"{word}\t{beside}"], hints) for word in (right, wrong))
    return of_right - of_wrong


def test_a_name_is_likelier_than_its_wrong_decoding() -> None:
    """The letters beside a letter tell."""
    assert lead("Muñoz", "Muńoz") > 5
    assert lead("Sørensen", "Sųrensen") > 5
    assert lead("Wójcik", "Wïjcik") > 5


def test_the_names_beside_a_word_tell_its_language() -> None:
    """Bře could be Czech; in a row of a Norwegian it is Bøe."""
    assert lead("Bøe", "Bře", beside="Ingrid Haugen") > lead("Bøe", "Bře") > lead("Bøe", "Bře", beside="Zdenek")


def test_a_hint_of_the_language_has_weight() -> None:
    """No word supports its own language so much that header and locale have no say."""
    assert lead("Bøe", "Bře", hint="no") > lead("Bøe", "Bře") + 0.3
    assert lead("Bøe", "Bře", hint="cs") < lead("Bøe", "Bře") - 2


def test_a_word_of_headers_is_likely_in_the_header_alone() -> None:
    """Straße in the first line is no name."""
    assert LIKELIHOOD.of(["Příjmení", ""], {}) > LIKELIHOOD.of(["", "Příjmení"], {})


def test_a_word_ends_at_an_apostrophe_and_not_at_another_sign() -> None:
    """A sign between letters is a sign of a wrong decoding, and is weighed like a letter of it."""
    assert words_of("D\u2019Arc Mendiz·bal 7 Pha\u0323m İnci") == ["d", "arc", "mendiz·bal", "pha\u0323m", "inci"]
