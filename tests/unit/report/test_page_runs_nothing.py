"""Reports and the live page hold nothing that runs or loads, whatever names, keys and texts of a server are."""

import dataclasses
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from provisioner.commands.report import write_report
from provisioner.ledger import LedgerLocation, open_reader
from provisioner.models import Counts, Status
from provisioner.models.progress import Progress, WorkerProgress
from provisioner.models.reasons import ErrorReason
from provisioner.models.summary import ErrorInfo, Summary
from provisioner.monitor import RunFigures
from provisioner.monitor.run_status import RunFacts, RunStatus
from provisioner.options import ReportOptions
from provisioner.report.controls import NO_CONTROLS, ControlState
from provisioner.report.job_data import ErrorGroup, JobData, load_job
from provisioner.report.live import fragments, live_page
from provisioner.report.live_recorder import LiveRecorder
from provisioner.report.page import LIVE_STYLE, SCRIPT, STYLE, render
from provisioner.report.step_figures import StepFigures
from tests.unit.report.test_page import answer, ledger_of

HARMLESS = "plain"
HOSTILE = (
    "<script>alert(1)</script>",
    "</title></style></script><script src=//evil.example/x></script>",
    "\"><img src=x onerror=alert(1)>'><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<a href='javascript:alert(1)'>x</a><iframe srcdoc='x'></iframe>",
    "]]><![CDATA[<script>alert(1)</script>]]><!--",
    "<meta http-equiv=refresh content='0;url=http://evil.example'><base href=//evil.example>",
    "\x00<script\x00>\u202e\u2028</script\n>",
    "\udcff\udcfe<script>alert(1)</script>",
    "{{7*7}}${7*7}<%= 7*7 %>",
)


POISONED = {
    *("name", "manifest", "settings", "runs", "errors", "slowest", "inputs", "state"),
    *("status", "code", "sentence", "named", "failures"),
}
"""The fields of a job's figures that hold texts."""


class Structure(HTMLParser):
    """The elements of a page with their attributes in order, and what stands in its scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.urls: list[str] = []
        self.code: list[tuple[str, str]] = []
        self.comments = 0
        self._inside = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element, and the addresses in it."""
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.urls += [
            value or "" for name, value in attrs if name in {"href", "src", "srcset", "action", "xlink:href"}
        ]
        self._inside = tag if tag in {"script", "style"} else ""

    def handle_data(self, data: str) -> None:
        """Note what would be run or applied."""
        if self._inside:
            self.code.append((self._inside, data))

    def handle_endtag(self, tag: str) -> None:
        """Leave it."""
        self._inside = ""

    def handle_comment(self, data: str) -> None:
        """Count it: there is none."""
        self.comments += 1


def poisoned(value: Any, text: str) -> Any:
    """Return ``value`` with every text in it, the keys of mappings too, replaced."""
    changed = value
    match value:
        case str():
            changed = text
        case Counter():
            changed = Counter({text: 1})
        case dict():
            changed = {poisoned(name, text): poisoned(each, text) for name, each in value.items()}
        case list() | tuple():
            changed = type(value)(poisoned(each, text) for each in value)
        case msgspec.Struct():
            values = {name: poisoned(getattr(value, name), text) for name in value.__struct_fields__}
            changed = msgspec.structs.replace(value, **values)
        case StepFigures() | ErrorGroup() | JobData():
            names = {each.name for each in dataclasses.fields(value) if each.init} & POISONED
            changed = dataclasses.replace(value, **{name: poisoned(getattr(value, name), text) for name in names})
    return changed


async def figures(folder: Path) -> JobData:
    """Return the figures of a job with an error and successes, each text in them the same plain one."""
    path = await ledger_of(folder / "job.ledger", ["C-1", "C-2", "C-3"], refused=1, rate="2/s")
    with open_reader(LedgerLocation(path)) as reader:
        return with_text(load_job("job.ledger", reader), HARMLESS)


def with_text(job: JobData, text: str) -> JobData:
    """Put a text in every place of a job's figures, those of its steps too."""
    steps = {step: (poisoned(metrics, text), line) for step, (metrics, line) in job.steps.items()}
    changed: JobData = dataclasses.replace(poisoned(job, text), steps=steps)
    return changed


def assert_inert(page: Structure) -> None:
    """Check that nothing is loaded, linked, embedded or handled."""
    tags = {tag for tag, _ in page.elements}
    attributes = {name for _, names in page.elements for name in names}
    assert tags.isdisjoint({"img", "iframe", "object", "embed", "link", "base", "use", "image", "foreignobject"})
    assert not any(name.startswith("on") or name in {"style", "src", "srcdoc"} for name in attributes)
    assert all(url.startswith("#job-") for url in page.urls)
    assert page.comments == 0


@pytest.mark.parametrize("others", [[], ["another"]], ids=["one job", "a comparison"])
async def test_a_report_holds_no_script_whatever_its_texts_are(tmp_path: Path, others: list[str]) -> None:
    """Its elements are the same with any texts, none of them is a script, and its style is ours."""
    job = await figures(tmp_path)
    compared = [with_text(job, other) for other in others]
    plain = Structure(render([job, *compared], version="v", made_at="now"))

    for text in HOSTILE:
        page = Structure(render([with_text(job, text), *compared], version=text, made_at=text))
        assert page.elements == plain.elements, text
        assert page.code == [("style", STYLE)]
        assert_inert(page)
    assert "script" not in {tag for tag, _ in plain.elements}


def live_status(text: str, *, is_over: bool) -> RunStatus:
    """Return the state of a run of two workers, during it or at its end, with a text in every place."""
    reason = ErrorReason(Status.REJECTED, text, text, 1)
    summary = Summary(
        command=text,
        counts=Counts(input=1, rejected=1),
        notes=(text,),
        next_command=text,
        error=ErrorInfo(message=text, cure=text, kind=text),
        details={"thresholds": [{"condition": text, "passed": True, "text": text}]},
    )
    return RunStatus(
        facts=RunFacts(command=text, output=text, inputs=[text], account=text, target=text, version=text),
        progress=Progress(
            total=1, state=text, workers=[WorkerProgress(number=n, host=text, pid=1) for n in (1, 2)]
        ),
        figures=RunFigures(reasons=[reason]),
        summary=summary if is_over else None,
    )


def test_the_live_page_holds_its_own_script_alone_whatever_its_texts_are() -> None:
    """No name, state, error, note or host becomes an element, in the page and in what its script puts in later."""
    recorder = LiveRecorder(lambda: 1_700_000_000.0)
    recorder.record(answer(1))
    for is_over in (False, True):
        plain = Structure(live_page(live_status(HARMLESS, is_over=is_over), recorder, NO_CONTROLS))
        for text in HOSTILE:
            status = live_status(text, is_over=is_over)
            page = Structure(live_page(status, recorder, ControlState(rate=text)))
            parts = Structure("".join(fragments(status, recorder).values()))
            assert page.elements == plain.elements, text
            assert page.code == [("style", LIVE_STYLE), ("script", SCRIPT)]
            assert parts.code == []
            assert_inert(page)
            assert_inert(parts)


async def test_a_ledgers_name_that_is_no_utf_8_is_no_fault(tmp_path: Path) -> None:
    """File systems take any bytes; the page shows those that are no text as escapes."""
    ledger = await ledger_of(tmp_path / "\udcff<b>.ledger", ["C-1"])

    write_report([ledger], ReportOptions(output=tmp_path / "page.html"))

    assert r"<h1>\udcff&lt;b&gt;.ledger</h1>" in (tmp_path / "page.html").read_text(encoding="utf-8")
