"""Rules of guessing an encoding from before Unicode, and of not guessing."""

import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provisioner.errors import InputError
from provisioner.sources import Detected, Source
from provisioner.sources.text.legacy_encodings import guess_encoding

Open = Callable[..., Source]

PEOPLE = {
    "French": (
        "cp1252",
        "François Lefèvre;Besançon|Hélène Côté;Orléans|Béatrice Quémener;Nîmes|Anaïs Benoît;Sète",
    ),
    "Spanish": ("cp1252", "José García;Málaga|Íñigo Muñoz;Logroño|Begoña Ibáñez;Ávila|Ángel Núñez;A Coruña"),
    "German": ("cp1252", "Jürgen Müller;Köln|Käthe Groß;Düsseldorf|Björn Schröder;Lübeck|Sören Weiß;Göttingen"),
    "Portuguese": ("cp1252", "João Gonçalves;São Paulo|Conceição Araújo;Brasília|António Simões;Évora"),
    "Norwegian": ("cp1252", "Jørgen Lindqvist-Åse;Tromsø|Øystein Bjørnstad;Ålesund|Åse Sørensen;Bodø"),
    "with signs": ("cp1252", "Rüdiger O\u2019Shea;“Bläck” \u2013 5 €|Jürgen Müller;Köln|Käthe Groß;Düsseldorf"),
    "of many languages": (
        "cp1252",
        "Begoña Ibáñez;Ávila|Íñigo Muñoz;Logroño|Jürgen Groß;Köln|João Simões;São Paulo|Conceição;Évora|Zoé;Nîmes",
    ),
    "Spanish, DOS": ("cp850", "José García;Málaga|Íñigo Muñoz;Logroño|Begoña Ibáñez;Ávila"),
    "French, Mac": ("mac-roman", "François Lefèvre;Besançon|Hélène Côté;Orléans|Béatrice Quémener;Nîmes"),
    "Polish": (
        "cp1250",
        "Łukasz Żółć;Łódź|Małgorzata Wójcik;Gdańsk|Paweł Dąbrowski;Poznań|Grażyna Święcka;Kraków",
    ),
    "Polish, ISO": ("iso8859-2", "Łukasz Żółć;Łódź|Małgorzata Wójcik;Gdańsk|Paweł Dąbrowski;Poznań|Ząb;Świdnica"),
    "Czech": (
        "cp1250",
        "Jiří Dvořák;Plzeň|Tomáš Černý;České Budějovice|Lucie Růžičková;Třebíč|Zdeněk Šťastný;Zlín",
    ),
    "Hungarian": (
        "cp1250",
        "Árvíztűrő Tükör;Győr|László Kővári;Székesfehérvár|Zsófia Fűzfa;Pécs|Lőrinc Bökönyi;Érd",
    ),
    "Turkish": (
        "cp1254",
        "Ayşe Y\u0131lmaz;İstanbul|Çağr\u0131 Güneş;Eskişehir|Şükrü Doğan;Muğla|Gökçe Iş\u0131k;Şanl\u0131urfa",
    ),
    "Latvian": ("cp1257", "Jānis Bērziņš;Rīga|Kārlis Kalniņš;Jēkabpils|Līga Ozoliņa;Jūrmala|Ēriks Šķēle;Rēzekne"),
    "Russian": ("cp1251", "Иван Петров;Москва|Анна Смирнова;Казань|Ольга Ёлкина;Тверь|Пётр Щукин;Уфа"),
    "Russian, KOI8": (
        "koi8-r",
        "Иван Петров;Москва|Анна Смирнова;Казань|Ольга Кузнецова;Тверь|Юлия Журавлева;Псков",
    ),
    "Greek": ("cp1253", "Γιώργος Παπαδόπουλος;Πάτρα|Ελένη Δημητρίου;Θεσσαλονίκη|Νίκος Ιωαννίδης;Ηράκλειο"),
    "Hebrew": ("cp1255", "דוד כהן;תל אביב|שרה לוי;ירושלים|משה מזרחי;חיפה|רחל פרץ;באר שבע"),
    "Arabic": ("cp1256", "محمد علي;القاهرة|فاطمة الزهراء;دمشق|يوسف حسن;بغداد|ليلى أحمد;بيروت"),
    "Thai": ("cp874", "สมชาย ใจดี;กรุงเทพ|มาลี สุขใจ;เชียงใหม่|ประเสริฐ ทองคำ;ภูเก็ต"),
    "Japanese": ("cp932", "山田太郎;東京|鈴木花子;大阪|佐藤健一;名古屋|高橋美咲;札幌|カトウ ユウコ;福岡"),
    "Chinese": ("gb18030", "张伟;北京|王芳;上海|李娜;广州|刘洋;深圳|陈静;成都"),
    "Chinese, Taiwan": ("big5", "陳大文;台北|林小明;高雄|黃淑芬;台中|張家豪;台南"),
    "Korean": ("cp949", "김철수;서울|이영희;부산|박민수;대구|최지우;인천"),
}


def table_of(people: str) -> str:
    """Make a table of invented people."""
    return "\n".join(["Name;City", *people.split("|"), ""])


@pytest.mark.parametrize("language", PEOPLE)
def test_people_read_as_they_were_written(opened: Open, language: str) -> None:
    """A handful of rows is enough; every letter is right, and the guess is called one."""
    encoding, people = PEOPLE[language]

    source = opened(table_of(people).encode(encoding))

    assert [record.values for record in source.records()] == [row.split(";") for row in people.split("|")]
    assert source.detection.encoding.is_guess
    reason = source.detection.encoding.reason
    assert reason.startswith("a guess: line 2 is not UTF-8; decoded this way it has the letters ")


@pytest.mark.parametrize("name", ["José", "Zoë", "Müller", "João", "O\u2019Neil", "Ana \u2013 Bo"])
def test_one_name_is_enough_where_all_likely_encodings_agree(opened: Open, name: str) -> None:
    """What they disagree about does not occur."""
    source = opened(f"id,name\n1,{name}\n".encode("cp1252"))

    letter = next(char for char in name if not char.isascii())
    reason = f"a guess: line 2 is not UTF-8; decoded this way it has the letters {letter}"
    assert source.detection.encoding == Detected("cp1252", reason, is_guess=True)
    assert next(source.records()).values == ["1", name]


@pytest.mark.parametrize(
    ("text", "encoding", "told"),
    [
        ("id,name\n1,Lefèvre\n", "cp1252", "could be cp1252 (è) or cp1250 (č)"),
        ("id,name\n1,Nicolò\n", "cp1252", "could be cp1252 (ò) or cp1250 (ň)"),
        ("id,name\n1,naïve\n", "cp1252", "could be cp1252 (ï), cp1250 (ď) or cp1257 (ļ)"),
    ],
)
def test_two_likely_encodings_are_not_guessed_between(opened: Open, text: str, encoding: str, told: str) -> None:
    """One of them mangles names; the error shows the letters that tell which."""
    with pytest.raises(InputError, match="is not UTF-8 text, and could be") as caught:
        opened(text.encode(encoding))

    assert told in caught.value.message
    assert caught.value.cure.startswith("name the one with the right letters, e.g. --encoding ")


@pytest.mark.parametrize(("encoding", "people"), PEOPLE.values(), ids=PEOPLE)
def test_names_are_never_mangled(encoding: str, people: str) -> None:
    """However few rows there are, they are read as they were written, or not at all."""
    rows = people.split("|")
    for count in range(1, len(rows)):
        for start in range(len(rows) - count + 1):
            text = table_of("|".join(rows[start : start + count]))
            try:
                candidate = guess_encoding([text.encode(encoding)], "-", 2)
            except InputError:
                continue
            assert text.encode(encoding).decode(candidate.encodings[0]) == text


def test_utf_8_with_a_bad_byte_is_not_taken_for_something_else(opened: Open) -> None:
    """Every other name would be mangled."""
    content = table_of(PEOPLE["German"][1]).encode() + b"Zo\xeb;Rome\n"

    with pytest.raises(InputError, match="line 6: is UTF-8 text but for a few places") as caught:
        opened(content)

    assert caught.value.cure == "fix them, or export it again"


def test_bytes_that_are_no_language_are_refused(opened: Open) -> None:
    """Whatever they are, they are no names."""
    content = b"a,b\n" + b"".join(b"a%c" % byte for byte in range(128, 256)) + b",1\n"

    with pytest.raises(InputError, match="nor text in any other encoding"):
        opened(content)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_letter_at_the_end_of_a_long_file_has_its_say(opened: Open, line_end: str) -> None:
    """Every byte that occurs is looked at, not the first ones only."""
    rows = [*["Jos\xe9,1"] * 60_000, "Nicol\xf2,2"]

    with pytest.raises(InputError, match="could be cp1252"):
        opened(line_end.join(["name,id", *rows, ""]).encode("cp1252"))


def test_a_long_file_takes_little_memory() -> None:
    """Only a sample is kept, whatever the line ends are, and if there are none."""
    tracemalloc.start()

    for end in (b"\r", b"\n", b""):
        guess_encoding(_customers(end), "-", 1)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40_000_000


def _customers(end: bytes) -> Iterator[bytes]:
    for number in range(300):
        yield b"Jos\xe9 the customer with the longest of all names, and the number %d,1%s" % (number, end) * 1_000


def test_utf_8_needs_no_tables(tmp_path: Path) -> None:
    """A process that reads nothing but UTF-8 loads neither the frequencies of letters nor what uses them."""
    path = tmp_path / "export.csv"
    path.write_bytes("name,topic\nZoë,1\n".encode())
    code = (
        "import sys\n"
        "from provisioner.options import InputOptions\n"
        "from provisioner.sources.open import open_sources\n"
        "with open_sources([sys.argv[1]], InputOptions()) as [source]: print(source.detection.encoding.value)\n"
        "print([name for name in sys.modules if name.startswith('provisioner.sources.text.')])"
    )

    ended = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)

    told, modules = ended.stdout.splitlines()
    assert told == "utf-8"
    assert modules == "['provisioner.sources.text.decoding', 'provisioner.sources.text.encoding']"


WESTERN = "Zoë;Ångström|José;Núñez|Anna;Müller, Dr.|Kim;O'Neil"


@pytest.mark.parametrize("times", [1, 2, 30])
def test_a_plain_western_export_is_read_as_one(opened: Open, times: int) -> None:
    """Letters that many languages share do not make it doubtful, however often they are repeated."""
    source = opened(table_of("|".join([WESTERN] * times)).encode("cp1252"))

    assert source.detection.encoding.value == "cp1252"
    assert source.detection.encoding.is_guess


SIGNS = (
    "O\u00b4Brien|D\u00b4Angelo",
    "O\u00b4Brien;Cork|Zoë;Bonn",
    "O\u2018Neil|Zoë",
    "Nº 5;Mª Carmen|José;1ª planta",
    "Calle 5, 2º|Av. 3, 1º B",
    "Bob;n° 5|Ann;90 m²",
    "5 ½ Main St|Bob",
    "Col·lell|Jordi",
    "Bob;£5|Ann;£7",
    "©2024 Acme|± 5",
    "it\u2019s fine|I don\u2019t know|Bob\u2019s",
)
"""Exports whose signs decide, and would be letters in another encoding."""


@pytest.mark.parametrize("people", SIGNS)
def test_signs_of_a_western_export_are_read_as_signs(opened: Open, people: str) -> None:
    """A letter for an apostrophe, an ordinal or a currency would mangle names without a word."""
    assert opened(table_of(people).encode("cp1252")).detection.encoding.value == "cp1252"


def test_a_sign_in_hebrew_places_is_no_reason_to_take_hebrew_for_something_else() -> None:
    """Places in Latin letters have a quotation mark for the letter ayin."""
    text = table_of("גל;Tiv\u2018on|מאיה;Re\u2018ut")

    assert guess_encoding([text.encode("cp1255")], "-", 2).encodings[0] == "cp1255"


def test_the_words_of_a_header_are_heeded(opened: Open) -> None:
    """They say which language the names are likely to be of; without them this name could be another."""
    source = opened("nome;cognome\nNicolò;Rossi\n".encode("cp1252"))

    assert source.detection.encoding.value == "cp1252"
    with pytest.raises(InputError, match="could be"):
        opened("name;id\nNicolò;1\n".encode("cp1252"))


def test_the_locale_is_the_last_hint(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """It decides what nothing else does, and what the letters say against it stays as it is."""
    content = "id;name\n1;Nicolò\n".encode("cp1252")
    for name in ("LC_ALL", "LC_CTYPE"):
        monkeypatch.delenv(name, raising=False)
    told = {}
    for locale in ("C.UTF-8", "en_US.UTF-8", "it_IT.UTF-8", "cs_CZ.UTF-8"):
        monkeypatch.setenv("LANG", locale)
        try:
            told[locale] = opened(content).detection.encoding.value
        except InputError as error:
            told[locale] = error.cure

    named = "name the one with the right letters, e.g. --encoding cp1252"
    assert told == {"C.UTF-8": named, "en_US.UTF-8": named, "it_IT.UTF-8": "cp1252", "cs_CZ.UTF-8": named}
    monkeypatch.setenv("LANG", "pl_PL.UTF-8")
    assert opened(table_of(WESTERN).encode("cp1252")).detection.encoding.value == "cp1252"


def test_ideograms_beside_letters_are_no_reason_to_refuse(opened: Open) -> None:
    """Addresses have both."""
    people = "张伟;北京市朝阳区建国路8号A座|李娜;上海市静安区南京西路b座|刘洋;广州市天河路3栋c座"

    assert opened(table_of(people).encode("gb18030")).detection.encoding.value == "gb18030"
