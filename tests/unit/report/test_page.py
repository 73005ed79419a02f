"""What a report tells of ledgers, as it stands on the page."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from provisioner.commands.report import write_report
from provisioner.errors import LedgerError, UsageError
from provisioner.ledger import LedgerLocation, open_ledger
from provisioner.models import AttemptResult, HistoryEntry, MessageStatus, Status, Verdict
from provisioner.options import ReportOptions
from tests.ledger_samples import INPUT, SENDABLE, SETTINGS, entries

HOSTILE = '"><script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)>'
BEGAN = 1_700_000_000.0


def answer(number: int, *, took_s: float = 0.2, code: str = "") -> AttemptResult:
    """Return the answer to a request that left half a second after the one before."""
    due = BEGAN + number / 2
    return AttemptResult(
        Verdict.REFUSED if code else Verdict.CREATED,
        due=due,
        sent=due + 0.01,
        ended=due + 0.01 + took_s,
        http_status=400 if code else 201,
        error_code=code,
        error="a parameter is not valid" if code else "",
        conversation_sid="" if code else f"CH{number:032}",
    )


async def ledger_of(path: Path, keys: list[str], *, took_s: float = 0.2, refused: int = 0, **asked: str) -> Path:
    """Make the ledger of a job whose first rows were refused, and the others created."""
    async with open_ledger(LedgerLocation(path), SETTINGS, version="1") as ledger:
        await ledger.plan(entries(keys), INPUT)
        await ledger.start_run(SENDABLE)
        for number, claim in enumerate(await ledger.claim(1_000)):
            code = "45745" if number < refused else ""
            await ledger.begin(claim.id)
            status = Status.REJECTED if code else Status.CREATED
            await ledger.settle(claim.id, status, answer(number, took_s=took_s, code=code))
        if asked:
            await ledger.set_notes(asked=str(asked).replace("'", '"'))
        await ledger.finish_run(0)
    return path


def page_of(*ledgers: Path) -> str:
    """Write a report beside the first ledger and read it."""
    page = ledgers[0].with_name("report.html")
    write_report(ledgers, ReportOptions(output=page))
    return page.read_text(encoding="utf-8")


class Texts(HTMLParser):
    """Collects the elements of a page, the texts in it, and every attribute that could load or run something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self.loading: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what it is, and what it could do."""
        self.tags.add(tag)
        self.loading += [name for name, _ in attrs if name.startswith("on") or name in {"src", "srcset", "data"}]
        self.loading += [name for name, value in attrs if name == "href" and not (value or "").startswith("#")]

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.texts.append(data)


async def test_a_report_tells_what_became_of_a_job(tmp_path: Path) -> None:
    """Accounting, both latencies, errors with rows and keys, slowest rows, and what was asked for."""
    keys = [f"C-{n}" for n in range(1, 31)]
    page = page_of(await ledger_of(tmp_path / "job.ledger", keys, refused=22, rate="2/s"))

    texts = Texts(page).texts
    assert "input 30 = created 8 + rejected 22 + unknown 0 + unsent 0 + invalid 0" in texts
    assert "45745" in texts
    assert ", ".join(f"{n} (C-{n})" for n in range(1, 21)) + " and 2 more" in texts
    assert texts.count("210 ms") >= 6
    assert texts[texts.index("requests a second") + 1] == "2.00"
    assert texts[texts.index("rate") + 1] == "2/s"
    assert texts[texts.index("account") + 1] == SETTINGS["account"]
    assert page.count("<figure>") == 4


async def test_a_report_accounts_for_what_follows_the_creation(tmp_path: Path) -> None:
    """Histories, messages and settings have a line each, as far as created rows have any."""
    path = tmp_path / "job.ledger"
    async with open_ledger(LedgerLocation(path), SETTINGS, version="1") as ledger:
        await ledger.plan(entries(["C-1"]), INPUT)
        await ledger.histories.plan([HistoryEntry("C-1", 1, (bytes(16), bytes(16)))])
        await ledger.start_run(SENDABLE)
        (claim,) = await ledger.claim(1)
        await ledger.begin(claim.id, owes_message=True)
        await ledger.settle(claim.id, Status.CREATED, answer(1))
        await ledger.histories.begin(claim.id, bytes(16))
        await ledger.histories.settle(claim.id, MessageStatus.POSTED, answer(2))

    texts = Texts(page_of(path)).texts
    assert "history 2 = posted 1 + rejected 0 + unknown 0 + unsent 1" in texts
    assert "messages 1 = posted 0 + rejected 0 + unknown 0 + unsent 1" in texts
    assert not any(text.startswith("settings ") for text in texts)


async def test_nothing_of_a_ledger_becomes_part_of_the_page(tmp_path: Path) -> None:
    """A key may hold anything; it stays text, and the page loads nothing and runs nothing."""
    page = page_of(await ledger_of(tmp_path / "job.ledger", [HOSTILE, "C-2"], refused=1))

    seen = Texts(page)
    assert any(HOSTILE in text for text in seen.texts)
    assert seen.tags.isdisjoint({"script", "img", "link", "iframe", "object", "base", "form"})
    assert seen.loading == []
    assert "default-src &#x27;none&#x27;" in page


async def test_a_job_of_which_nothing_was_sent_has_a_report(tmp_path: Path) -> None:
    """There are no figures of steps then; the accounting and the configuration stand."""
    async with open_ledger(LedgerLocation(tmp_path / "job.ledger"), SETTINGS, version="1") as ledger:
        await ledger.plan(entries(["C-1", "C-2"]), INPUT)

    page = page_of(tmp_path / "job.ledger")

    assert "input 2 = created 0 + rejected 0 + unknown 0 + unsent 2 + invalid 0" in page
    assert "No row has one." in page
    assert "<svg" not in page


async def test_several_jobs_are_compared_and_differences_marked(tmp_path: Path) -> None:
    """Differences are told in percent, as worse beyond a twentieth and chance; other settings are marked."""
    keys = [f"C-{n}" for n in range(10)]
    quick = await ledger_of(tmp_path / "quick.ledger", keys, rate="2/s", concurrency="16")
    alike = await ledger_of(tmp_path / "alike.ledger", keys, took_s=0.21, rate="2/s", concurrency="16")
    slow = await ledger_of(tmp_path / "slow.ledger", keys, took_s=0.4, refused=2, rate="4/s", concurrency="16")

    page = page_of(quick, alike, slow)

    rows = {
        re.sub(r"<.*?>", "", row.split("</th>")[0]): re.findall(r"<td>(.*?)</td>", row)
        for row in re.findall(r"<tr>(.*?)</tr>", page.split("Comparison</h2>")[1].split("</table>")[0])
    }
    assert rows["input"] == ["10", "10", "10"]
    assert rows["created"] == ["10", "10", '8 <span class="same">-20 %</span>']
    assert rows["create p95 from due"] == [
        "210 ms",
        '220 ms <span class="same">+5 %</span>',
        '410 ms <span class="worse">+95 % worse</span>',
    ]
    assert rows["rate"] == ["2/s", "2/s", "<mark>4/s</mark>"]
    assert "concurrency" not in rows
    assert re.findall(r'<a href="#(job-\d)">(.*?)</a>', page) == [
        ("job-1", "quick.ledger"),
        ("job-2", "alike.ledger"),
        ("job-3", "slow.ledger"),
    ]
    assert all(f'id="job-{n}"' in page for n in (1, 2, 3))


async def test_ledgers_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    """Tests of two days may be called the same."""
    (tmp_path / "mon").mkdir()
    (tmp_path / "tue").mkdir()
    first = await ledger_of(tmp_path / "mon" / "r.ledger", ["C-1"])
    second = await ledger_of(tmp_path / "tue" / "r.ledger", ["C-1"])

    page = page_of(first, second)

    assert f">{first}</a>" in page
    assert f">{second}</a>" in page


async def test_an_empty_page_is_small(tmp_path: Path) -> None:
    """What every report carries besides its figures is a few kilobytes, far below 300."""
    async with open_ledger(LedgerLocation(tmp_path / "job.ledger"), SETTINGS, version="1") as ledger:
        await ledger.set_notes(asked="{}")

    assert len(page_of(tmp_path / "job.ledger")) < 20_000


async def test_the_page_lies_beside_the_ledger_unless_it_is_named(tmp_path: Path) -> None:
    """``job.ledger`` becomes ``job.html``."""
    ledger = await ledger_of(tmp_path / "job.ledger", ["C-1"])

    summary = write_report([ledger], ReportOptions())

    assert summary.output == str(tmp_path / "job.html")
    assert (tmp_path / "job.html").stat().st_mode & 0o777 == 0o600


async def test_a_report_replaces_no_ledger(tmp_path: Path) -> None:
    """Naming the ledger itself, or a place that cannot be written, is a usage error; nothing is lost."""
    ledger = await ledger_of(tmp_path / "job.ledger", ["C-1"])
    before = ledger.read_bytes()

    with pytest.raises(UsageError, match="is the ledger"):
        write_report([ledger], ReportOptions(output=ledger))
    with pytest.raises(UsageError):
        write_report([ledger], ReportOptions(output=tmp_path / "no" / "page.html"))

    assert ledger.read_bytes() == before


def test_what_is_no_ledger_has_no_report(tmp_path: Path) -> None:
    """The page of an earlier time stays."""
    (tmp_path / "x.html").write_text("old", encoding="utf-8")
    (tmp_path / "x.ledger").write_text("no ledger", encoding="utf-8")

    with pytest.raises(LedgerError):
        write_report([tmp_path / "x.ledger"], ReportOptions(overwrite=True))

    assert (tmp_path / "x.html").read_text(encoding="utf-8") == "old"
