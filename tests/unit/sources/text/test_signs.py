"""Rules of how unlikely signs are."""

import pytest

from provisioner.sources.text.signs import cost_of_signs


@pytest.mark.parametrize(
    ("likely", "unlikely"),
    [
        ("O\u2019Neil", "Ram\u2019n"),
        ("dell\u2019Acqua", "Noem\u2019 Ruiz"),
        ("\u2019t Hooft", "\u2019ngel"),
        ("Ana \u2013 Bo", "Ana \u221a Bo"),
        ("\u201cBo\u201d", "Auric\u201e"),
        ("\u00bfQui\u00e9n?", "Ca\u00bf"),
        ("5 \u20ac", "Almagi\u20ac"),
        ("\u00a35", "\u00a3"),
        ("5\u20ac", "Almagi\u20ac"),
        ("5 \u20ac", "5 \u00a4"),
        ("O\u00b4Brien", "Ram\u00b4n"),
        ("Bob\u2019s", "Bob\u2019r"),
        ("Be\u2018er", "Be\u2039er"),
        ("M\u00aa Carmen", "Drago\u00ba"),
        ("2\u00ba", "Drago\u00ba"),
        ("20\u00b0C", "Du\u00b0an"),
        ("5 \u00bd", "C\u00bdur"),
        ("90 m\u00b2", "Jos\u00b2"),
        ("Col\u00b7lell", "Co\u00b7ell"),
        ("5 \u00bd", "5 \u009c"),
        ("\u00a7 5", "\u2556 5"),
        ("Acme\u2122", "\u2122cme"),
        ("Pha\u0323m", "Afak \u0323"),
        ("\u0e17\u0e35\u0e48", "\u0e58 Bo"),
    ],
)
def test_a_sign_where_it_belongs_costs_less(likely: str, unlikely: str) -> None:
    """Apostrophes stand in elisions, quotes come in pairs, and currencies stand beside amounts."""
    assert cost_of_signs([likely]) < cost_of_signs([unlikely])


def test_a_sign_that_is_repeated_counts_once() -> None:
    """Files of many rows are not weighed by what every row has."""
    assert cost_of_signs(["5 \u20ac"] * 9) == cost_of_signs(["5 \u20ac"])
