"""What a customer's record says reaches Twilio to the byte, whatever the file is written in."""

import csv
import gzip
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

import pytest

from tests.acceptance.program import CREDENTIALS, Program, lines_of
from tests.stub_twilio import Call, StubMaker, failing

pytestmark = pytest.mark.acceptance

HEADER = ["Id", "CustomerFriendlyName", "pre_engagement.text"]
TEXTS = (
    "007",
    "0",
    " leading",
    "trailing ",
    "two  within",
    "NULL",
    "null",
    "NA",
    "N/A",
    "None",
    "TRUE",
    "123456789012345678901234567890",
    "1e5",
    "1.10",
    "0x1F",
    "2026-01-02",
    "03/04/05",
    "=1+1",
    "+47 55 50 01 02",
    "-1",
    "@x",
    "👩🏽\u200d🚀🎈",
    "שלום \u200e\u0639\u0627\u0644\u0645",
    "e\u0301 and é",
    "\u212b and \u00c5",
    "a\nb",
    "a\r\nb",
    "a\rb",
    "a\tb",
    "a\u2028b\u0085c",
    '"quoted"',
    "it's",
    "a,b;c|d^e`f",
    "\u00a0no-break\u00a0",
    "\u200bzero\ufeff width",
    "%41+&=?#/",
    "\\n\\u00e9",
    "{Id} {{",
    "雪 Yuki ﾕｷ",
)


@dataclass(frozen=True)
class Style:
    """How a file is written."""

    encoding: str = "utf-8"
    delimiter: str = ","
    quoting: int = csv.QUOTE_MINIMAL
    first_line: str = ""
    is_packed: bool = False

    def written(self) -> bytes:
        """Write a row for every text."""
        text = io.StringIO()
        text.write(self.first_line)
        writer = csv.writer(text, delimiter=self.delimiter, quoting=self.quoting)  # type: ignore[arg-type]
        writer.writerows([HEADER, *([str(number), each, each] for number, each in enumerate(TEXTS))])
        content = text.getvalue().encode(self.encoding)
        return gzip.compress(content) if self.is_packed else content


STYLES = {
    "UTF-8": Style(),
    "UTF-8 with a mark, all quoted": Style("utf-8-sig", ";", csv.QUOTE_ALL),
    "UTF-16, tabs": Style("utf-16", "\t"),
    "UTF-16 without a mark, packed": Style("utf-16-be", is_packed=True),
    "GB 18030, named": Style("gb18030", "|"),
    "with a sep line": Style(delimiter="^", first_line="sep=^\r\n"),
}


def fields_of(call: Call) -> Mapping[bytes, bytes]:
    """Undo the form encoding of a request, byte by byte."""
    pairs = (pair.partition(b"=") for pair in call.body.replace(b"+", b" ").split(b"&"))
    return {unquote_to_bytes(name): unquote_to_bytes(value) for name, _, value in pairs}


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
async def test_every_text_arrives_to_the_byte(program: Program, twilio: StubMaker, style: Style) -> None:
    """As a field of its own and within the JSON, and the same once more after it was refused and fixed."""
    server = await twilio(failing(400, 45745))
    program.write("customers.csv", style.written())
    named = ("--encoding", "gb18030") if style.encoding == "gb18030" else ()
    command = ("--base-url", server.url, "--rate", "500/s", "--concurrency", "1", "--no-friendly-name", *named)

    first = await program(
        *("run", "customers.csv", "-o", "results.csv", "--failed", "failed.csv", "--canary", "0", *command),
        env=CREDENTIALS,
    )
    second = await program("run", "failed.csv", "-o", "again.csv", "--canary", "0", *command, env=CREDENTIALS)

    wanted = [text.encode() for text in TEXTS]
    sent = [fields_of(call) for call in server.calls]
    assert first.counts == second.counts == {"rejected": len(TEXTS)}, first.stderr
    assert [fields[b"CustomerFriendlyName"] for fields in sent] == wanted * 2
    assert [json.loads(fields[b"PreEngagementData"])["text"].encode() for fields in sent] == wanted * 2
    assert lines_of(second.stderr, "note: columns") == ["note: columns that are not used: Id"]
