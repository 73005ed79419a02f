"""Usual names of customer columns in several languages, and how well the name of a column fits them."""

import re
import unicodedata

PHRASES = {
    "first name": "first name, given name, forename, vorname, prenom, nombre, nome, voornaam, imie, "
    "fornamn, fornavn",
    "last name": "last name, surname, family name, nachname, familienname, nom, nom de famille, "
    "apellidos, apellido, cognome, sobrenome, achternaam, nazwisko, efternamn, etternavn",
    "full name": "full name, customer name, contact name, client name, display name, name, requester, "
    "kundenname, nom complet, nombre completo, nome completo, volledige naam, naam, namn, "
    "navn",
    "id": "id, ticket id, case number, case id, record id, contact id, customer id, client id, person id, "
    "user id, crm id, lead id, external id, uuid, guid, customer number, customer no, kundennummer, "
    "kundennr, kunden nr, kontakt id, datensatz id, numero client, numero de client, id client, id "
    "cliente, codigo cliente, codice cliente, klantnummer, numer klienta, kundnummer, kundenummer",
    "email": "email, e mail, email address, mail, courriel, correo electronico, correo, posta elettronica",
    "phone": "phone, phone number, mobile, mobile phone, cell phone, telephone, telefon, telefonnummer, "
    "handy, mobil, telefono, telefone, telefoon",
    "company": "company, company name, account name, organization, organisation, firma, firmenname, "
    "unternehmen, entreprise, societe, empresa, azienda, bedrijf",
    "language": "language, locale, sprache, langue, idioma, lingua, taal",
    "country": "country, land, pays, pais, paese, kraj",
    "subject": "subject, topic, betreff, thema, sujet, objet, asunto, oggetto, onderwerp",
}
"""Phrases that headers use, by purpose; the most typical phrase first."""

_OF_OTHERS = re.compile(
    r"\b(?:owner|besitzer|created|modified|updated|parent|assistant|opt|out|bounced?|status|consent|count|id)\b"
)
"""Words which show that a column is not about the customer, such as the owner of the record or a date."""

_OF_A_PERSON = ("first name", "last name", "full name", "email", "phone")

_EXACT, _AT_END, _INSIDE = 3, 2, 1
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_LETTER = re.compile(r"[\W_]+")


def normalize_header(column: str) -> str:
    """Return the name of a column in lower case without accents, its words separated by single spaces."""
    spread = unicodedata.normalize("NFKD", _CAMEL.sub(" ", column))
    plain = "".join(letter for letter in spread if not unicodedata.combining(letter))
    return _NO_LETTER.sub(" ", plain.casefold()).strip()


def score(column: str, purpose: str) -> tuple[int, int]:
    """Return how well the name of a column fits a purpose, a key of ``PHRASES``; greater is better.

    The first number is 3 for a phrase that is the whole name, 2 for one at its end, 1 for one inside it, and 0 for
    none; the second is the negative place of the phrase in the list. For ``id`` the whole name has to match.
    """
    words = normalize_header(column)
    phrases = PHRASES[purpose].split(", ")
    is_anothers = _OF_OTHERS.search(words) is not None
    best = (0, 0)
    for place, phrase in enumerate(phrases):
        fit = _fit(words, phrase)
        if fit == _EXACT or (fit and purpose != "id" and not is_anothers):
            best = max(best, (fit, -place))
    return best


def is_about_a_person(column: str) -> bool:
    """Return whether the whole name of a column means a person's name, e-mail address or telephone number."""
    return any(score(column, purpose)[0] == _EXACT for purpose in _OF_A_PERSON)


def _fit(words: str, phrase: str) -> int:
    if words == phrase:
        return _EXACT
    if words.endswith(f" {phrase}"):
        return _AT_END
    return _INSIDE if f" {phrase} " in f" {words} " else 0
