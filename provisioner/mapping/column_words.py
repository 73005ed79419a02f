"""What people call the columns of their customers, in several languages: words to score a header by."""

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
"""By purpose, the phrases that headers use for it; the better ones first."""

_OF_OTHERS = re.compile(
    r"\b(?:owner|besitzer|created|modified|updated|parent|assistant|opt|out|bounced?|status|consent|count|id)\b"
)
"""Words that make a column another person's, or another thing."""

_OF_A_PERSON = ("first name", "last name", "full name", "email", "phone")

_EXACT, _AT_END, _INSIDE = 3, 2, 1
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_LETTER = re.compile(r"[\W_]+")


def normalize_header(column: str) -> str:
    """Write a column's name as plain words: small letters without accents, single spaces between them."""
    spread = unicodedata.normalize("NFKD", _CAMEL.sub(" ", column))
    plain = "".join(letter for letter in spread if not unicodedata.combining(letter))
    return _NO_LETTER.sub(" ", plain.casefold()).strip()


def score(column: str, purpose: str) -> tuple[int, int]:
    """Say how well a column's name fits a purpose; ``(0, 0)`` is not at all.

    First counts how much of the name is accounted for, then how good the phrase is. An id must be called so.
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
    """Say whether a column is called just as people call a customer's name, e-mail address or telephone number."""
    return any(score(column, purpose)[0] == _EXACT for purpose in _OF_A_PERSON)


def _fit(words: str, phrase: str) -> int:
    if words == phrase:
        return _EXACT
    if words.endswith(f" {phrase}"):
        return _AT_END
    return _INSIDE if f" {phrase} " in f" {words} " else 0
