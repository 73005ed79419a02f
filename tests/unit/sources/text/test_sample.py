"""Rules of the sample by which an encoding is guessed."""

from provisioner.sources.text.sample import take_sample


def test_every_byte_of_a_text_is_in_its_sample() -> None:
    """A letter that occurs once, at the end of a long file, may be the one that tells two encodings apart."""
    rows = [*[b"Jos%c,%d" % (0xE9, number) for number in range(20_000)], b"Mu%coz,1" % 0xF1, b"Pe%ca,2" % 0xF1]

    sample = take_sample([b"name,id\n", *[row + b"\n" for row in rows]])

    assert {*sample.text} - {*range(128)} == {0xE9, 0xF1}
    assert len(sample.text) < 20_000


def test_names_beside_a_letter_are_kept_and_ids_are_not() -> None:
    """They tell the language; an address of a mailbox or a number does not."""
    sample = take_sample([b"Nom;Ville;Id\r\nLef%cvre;Paris;a-1\r\nx@example.com;Kim;7\r\n" % 0xE8])

    assert sample.header == b"Nom\tVille\tId"
    assert sample.lines == [b"Lef\xe8vre\tParis"]
    assert sample.context == [b"Nom\tVille\tId", b"Kim"]


def test_a_note_is_kept_word_by_word() -> None:
    """A text of many sentences takes no more place than its words with other letters than ASCII."""
    note = b"She called about the caf%c and was sent to Zo%c. " % (0xE9, 0xEB) * 50

    sample = take_sample([b"id,note\n1,", note, b"\n"])

    assert list(sample.told) == [b"caf\xe9", b"Zo\xeb."]


def test_a_header_of_other_letters_is_kept_once() -> None:
    """It is weighed as the header, not as a row too."""
    sample = take_sample([b"Pr%cnom,Id\nAda,1\n" % 0xE9])

    assert sample.header == b"Pr\xe9nom\tId"
    assert sample.lines == []
    assert list(sample.told) == [b"Pr\xe9nom"]


def test_a_line_that_tells_the_separator_is_no_header() -> None:
    """The header is below it, and its words tell the language."""
    for line in (b"sep=;", b'"sep=,"', b"SEP=\t"):
        assert take_sample([line + b"\r\nNome;Cognome\r\nNicol%c;Rossi\r\n" % 0xF2]).header == b"Nome\tCognome"
