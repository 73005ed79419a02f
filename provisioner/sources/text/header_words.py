"""Words of headers in other languages than English, which tell the language of an export."""

from collections.abc import Iterable, Mapping

_WORDS = {
    "de": "vorname nachname familienname anrede firma straße strasse ort stadt plz postleitzahl telefon"
    " kunde kundenname kundennummer geburtsdatum nachricht bemerkung land sprache ansprechpartner",
    "fr": "nom prénom prenom civilité civilite société societe entreprise adresse rue ville téléphone"
    " telephone courriel pays client sujet remarques naissance",
    "es": "nombre apellido apellidos empresa dirección direccion calle ciudad teléfono telefono correo"
    " país pais cliente asunto mensaje nacimiento idioma móvil movil",
    "pt": "nome sobrenome apelido empresa endereço endereco morada rua cidade telefone telemóvel"
    " celular país cliente assunto mensagem nascimento",
    "it": "nome cognome azienda indirizzo via città citta telefono cellulare cliente oggetto messaggio"
    " nascita lingua",
    "nl": "voornaam achternaam tussenvoegsel bedrijf adres straat plaats postcode telefoon klant"
    " klantnummer woonplaats onderwerp bericht geboortedatum",
    "sv": "förnamn fornamn efternamn företag foretag adress gata ort postnummer telefon kund ämne meddelande land",
    "da": "fornavn efternavn firma adresse by postnummer telefon kunde emne besked land",
    "no": "fornavn etternavn firma adresse poststed postnummer telefon kunde emne melding land",
    "fi": "etunimi sukunimi yritys osoite katu kaupunki postinumero puhelin asiakas aihe viesti maa",
    "is": "fornafn eftirnafn nafn fyrirtæki heimilisfang staður póstnúmer sími netfang",
    "pl": "imię imie nazwisko firma adres ulica miasto miejscowość telefon klient temat wiadomość kraj kod",
    "cs": "jméno jmeno příjmení prijmeni firma adresa ulice město mesto psč telefon zákazník předmět zpráva země",
    "sk": "meno priezvisko firma adresa ulica mesto psč telefón zákazník predmet správa krajina",
    "hu": "név keresztnév vezetéknév utónév cég cím utca város irányítószám telefon ügyfél tárgy üzenet ország",
    "ro": "nume prenume firmă firma adresă adresa strada oraș oraş oras telefon client subiect mesaj țară ţară",
    "hr": "ime prezime tvrtka adresa ulica grad telefon kupac klijent predmet poruka država",
    "sl": "ime priimek podjetje naslov ulica kraj mesto pošta telefon stranka zadeva sporočilo država",
    "sr": "ime prezime firma adresa ulica grad telefon klijent predmet poruka država",
    "tr": "ad ad\u0131 soyad soyad\u0131 isim firma şirket adres cadde şehir telefon müşteri konu mesaj ülke",
    "lt": "vardas pavardė pavarde įmonė imone adresas gatvė miestas telefonas klientas tema žinutė šalis",
    "lv": "vārds vards uzvārds uzvards uzņēmums adrese iela pilsēta tālrunis klients temats ziņa valsts",
    "et": "eesnimi perekonnanimi perenimi ettevõte aadress tänav linn telefon klient teema sõnum riik",
    "ru": "имя фамилия отчество компания адрес улица город телефон клиент тема сообщение страна почта",
    "uk": "ім прізвище компанія адреса вулиця місто телефон клієнт тема повідомлення країна пошта",
    "bg": "име презиме фамилия фирма адрес улица град телефон клиент тема съобщение държава поща",
    "el": "όνομα επώνυμο ονοματεπώνυμο εταιρεία διεύθυνση πόλη τηλέφωνο πελάτης θέμα μήνυμα χώρα",
    "he": "שם משפחה פרטי חברה כתובת רחוב עיר טלפון לקוח נושא הודעה",
    "ar": "الاسم اسم العائلة الشركة العنوان الشارع المدينة الهاتف العميل الموضوع الرسالة",
    "fa": "نام خانوادگی شرکت آدرس خیابان شهر تلفن مشتری موضوع پیام",
    "th": "ชื่อ นามสกุล บริษัท ที่อยู่ ถนน เมือง จังหวัด โทรศัพท์ ลูกค้า",
    "vi": "tên họ công ty địa chỉ đường thành phố điện thoại khách hàng",
    "ja": "名前 氏名 姓 名 会社 会社名 住所 都市 市区町村 電話 電話番号 顧客 メール 件名 国",
    "zh": "姓名 名字 姓 名 公司 地址 城市 电话 手机 客户 邮箱 主题 国家",
    "zh_TW": "姓名 名字 姓 名 公司 地址 城市 電話 手機 客戶 信箱 主題 國家",
    "ko": "이름 성명 성 회사 주소 도시 전화 전화번호 고객 이메일 제목 국가",
}
_LANGUAGES: dict[str, set[str]] = {}
for _code, _words in _WORDS.items():
    for _word in _words.split():
        _LANGUAGES.setdefault(_word, set()).add(_code)

_FACTOR = 20.0
"""How many times more likely a language is by each word of it in the header."""
_MOST = 2000.0


def is_header_word(word: str) -> bool:
    """Return whether a word in small letters is one that headers have, in any of the languages."""
    return word in _LANGUAGES


def languages_of_header(words: Iterable[str]) -> Mapping[str, float]:
    """Return how many times more likely each language is by the words of a header; at most 2,000 times."""
    factors: dict[str, float] = {}
    for word in words:
        for code in _LANGUAGES.get(word, ()):
            factors[code] = min(factors.get(code, 1.0) * _FACTOR, _MOST)
    return factors
