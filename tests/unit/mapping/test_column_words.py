"""Which names of columns mean a person by themselves, and how well others fit."""

import pytest

from provisioner.mapping.column_words import Fit, is_about_a_person, score


@pytest.mark.parametrize(
    ("names", "is_it"),
    [
        (("First Name", "LASTNAME", "customerName", "E-Mail", "Telefon", "Nom", "Imię i nazwisko", "氏名"), True),
        (("first", "last", "given", "cell", "sms", "customer", "client", "total", "E-mail 1 - Label"), False),
    ],
)
def test_a_name_by_itself_means_a_person_or_not(names: tuple[str, ...], is_it: bool) -> None:
    """Beside a list of records, "first" and "last" are numbers of a page."""
    assert {name: is_about_a_person(name) for name in names} == dict.fromkeys(names, is_it)


def test_a_whole_name_goes_before_an_end_and_an_end_before_the_inside() -> None:
    """And numbers, or the word value, change little."""
    names = ("E-mail", "E-mail 2 - Value", "Work e-mail", "E-mail (work)", "E-mail opt out", "Website")

    fits = [score(name, "email")[0] for name in names]

    assert fits == [Fit.WHOLE, Fit.BUT_FOR_NUMBERS, Fit.AT_END, Fit.INSIDE, Fit.NONE, Fit.NONE]
