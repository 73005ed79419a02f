"""The documents say what is: their commands are typed, their names looked up, their links followed."""

import ast
import re
import runpy
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from provisioner.cli import COMMANDS
from provisioner.cli.config import TABLES
from provisioner.cli.end_command import VARIABLES as END_VARIABLES
from provisioner.cli.flags import sections_of
from provisioner.cli.main import cli
from provisioner.errors import ExitCode
from provisioner.models import FIELDS, AccountResult, MessageStatus, SettingsStatus, Status
from tests.test_architecture import FLOORS
from tests.transcripts import ANYTHING, ROOT, Sandbox, Step, blocks_of, steps_of

README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").glob("*.md"))]
TYPED = [document for document in DOCUMENTS if blocks_of(document.read_text(encoding="utf-8"), "console")]
_FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_NAME = re.compile(r"`([\w.]+)`")
_INLINE_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\((?!\w+:)(?P<file>[^)#]*)(?:#(?P<anchor>[^)]*))?\)")


def name_of(path: Path) -> str:
    """Name a document as a link would."""
    return str(path.relative_to(ROOT))


def text_of(name: str) -> str:
    """Read a document."""
    return (ROOT / name).read_text(encoding="utf-8")


def table_below(heading: str, text: str) -> list[list[str]]:
    """Return the cells of the first table after a heading's first words, its own head left out."""
    after = text.split(heading, 1)[1]
    rows = re.search(r"(?:^\|.*\n)+", after, re.MULTILINE)
    assert rows is not None
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[0].splitlines()[2:]]


@pytest.mark.acceptance
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="git has to say what belongs to a fresh copy")
@pytest.mark.parametrize("document", TYPED, ids=name_of)
def test_every_command_does_what_its_document_shows(
    document: Path, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """The console blocks of a document, typed in order into a fresh copy, answer as it says."""
    sandbox = Sandbox.build(tmp_path)
    text = document.read_text(encoding="utf-8")

    for step in (step for block in blocks_of(text, "console") for step in steps_of(block)):
        with subtests.test(f"{name_of(document)}:{step.line}: {step.command}"):
            if step.command.startswith("uv ") and shutil.which("uv", path=sandbox.environment["PATH"]) is None:
                pytest.skip("uv is not installed here")
            output = sandbox.type(step.command)
            assert step.is_answered_by(output), output


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_commands_for_the_reader_are_sound(document: Path) -> None:
    """What needs the reader's own account is not run here, but a shell can read it."""
    for block in blocks_of(document.read_text(encoding="utf-8"), "sh"):
        read = subprocess.run(
            ["bash", "-n"],  # noqa: S607 - the reader's bash, wherever it is
            input=block.text.encode(),
            capture_output=True,
            check=False,
        )

        assert read.stderr.decode() == ""


@pytest.mark.parametrize(
    ("answer", "output", "is_it"),
    [
        (["a"], "a\n", True),
        (["a"], "a\nb\n", False),
        (["in … s"], "in 0.3 s\n", True),
        (["in … s"], "in 0.3\n s\n", False),
        ([ANYTHING, "b"], "b\n", True),
        ([ANYTHING, "b"], "a\na\nb\n", True),
        (["a", ANYTHING], "a\n", True),
        (["a.c"], "abc\n", False),
        ([], "", True),
        ([], "oops\n", False),
    ],
)
def test_an_answer_is_compared_whole(answer: list[str], output: str, is_it: bool) -> None:
    """An ellipsis stands for anything within its line, or for any lines; everything else is to the letter."""
    assert Step(1, "true", tuple(answer)).is_answered_by(output) is is_it


def test_links_lead_somewhere() -> None:
    """A relative link names a file that is there, and a heading in it."""
    pages = [
        *DOCUMENTS,
        *ROOT.glob("*.md"),
        *(ROOT / folder / "README.md" for folder in ("benchmarks", "findings")),
    ]

    dead = {
        f"{name_of(page)}: {link[0]}"
        for page in pages
        for link in _LINK.finditer(page.read_text(encoding="utf-8"))
        if not leads_somewhere(page.parent / link["file"] if link["file"] else page, link["anchor"])
    }

    assert dead == set()


def test_every_finding_is_listed() -> None:
    """The page about findings has each script there is, and no other."""
    rows = table_below("# Findings", text_of("findings/README.md"))

    listed = {name for row in rows for name in re.findall(r"\[([\w-]+\.sh)\]", row[0])}
    assert listed == {path.name for path in (ROOT / "findings").glob("*.sh")}


def leads_somewhere(file: Path, anchor: str | None) -> bool:
    """Say whether a file is there, and has the heading that an anchor stands for."""
    if not anchor or not file.is_file():
        return file.exists()
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def flags() -> Iterator[click.Option]:
    """Yield every flag of every command, and the global ones."""
    yield from (flag for flag in cli.params if isinstance(flag, click.Option))
    for name, options in TABLES.items():
        for section in sections_of(name, options).values():
            yield from section


def variables_of(flag: click.Option) -> list[str]:
    """Return the environment names of a flag."""
    return [flag.envvar] if isinstance(flag.envvar, str) else list(flag.envvar or ())


def spoken_of(document: Path) -> Iterator[str]:
    """Yield what a document says in code: the spans of its prose, and the lines of its commands."""
    text = document.read_text(encoding="utf-8")
    yield from _INLINE_CODE.findall(re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))
    for block in (block for language in ("console", "sh", "text", "") for block in blocks_of(text, language)):
        yield from (line for line in re.split(r"(?<!\\)\n", block.text) if "provisioner " in line)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_flag_that_is_named_exists(document: Path) -> None:
    """Flags and environment names in the documents are those of the program, or of the tool at hand."""
    known = {spelling for flag in flags() for spelling in (*flag.opts, *flag.secondary_opts)}
    variables = {*END_VARIABLES, *(name for flag in flags() for name in variables_of(flag))}
    other_tools = ("uv ", "python3 -m venv", "pip ", ".venv", "docker ", "wsl ")

    ours = [said for said in spoken_of(document) if not said.removeprefix("$ ").startswith(other_tools)]

    assert {flag for said in ours for flag in _FLAG.findall(said)} <= known | {"--help"}
    assert {name for said in ours for name in re.findall(r"PROVISIONER_\w+", said)} <= variables


def test_the_readme_lists_the_commands_there_are() -> None:
    """The table of commands is the program's own table of contents."""
    rows = table_below("## Commands", text_of("README.md"))

    assert [re.findall(r"\w+", row[0])[1] for row in rows] == list(COMMANDS)


@pytest.mark.parametrize(
    ("document", "heading"),
    [("README.md", "## Stopping and going on"), ("docs/operating.md", "### What to type next")],
)
def test_the_exit_codes_there_are_are_listed(document: str, heading: str) -> None:
    """Every exit code is explained."""
    rows = table_below(heading, text_of(document))

    listed = {int(code) for row in rows for code in re.findall(r"\d+", row[0])}
    assert listed == {*ExitCode}


def test_the_readme_lists_the_columns_of_the_results() -> None:
    """Every column is explained, in the order of the file."""
    rows = table_below("## The results", text_of("README.md"))

    assert tuple(name for row in rows for name in re.findall(r"\w+", row[0])) == AccountResult.__struct_fields__


def test_the_glossary_lists_the_statuses_there_are() -> None:
    """Every status a row can have is explained."""
    rows = table_below("## Statuses", text_of("docs/glossary.md"))

    assert [row[0].strip("`") for row in rows] == [status.value for status in Status]


def test_the_fields_of_a_row_are_listed() -> None:
    """Every field a row may give is explained, in the order they are shown in."""
    rows = table_below("## Fields", text_of("docs/inputs.md"))

    assert tuple(row[0].strip("`") for row in rows) == FIELDS


def test_the_floors_are_listed() -> None:
    """Every room is shown on its floor."""
    rows = table_below("## Floors", text_of("docs/architecture.md"))

    shown = {room: int(row[0]) for row in rows for room in re.findall(r"`(\w+)`", row[1])}
    assert shown == FLOORS


def test_the_map_leads_to_what_there_is() -> None:
    """Every module and folder that the pages for contributors name is there."""
    text = text_of("docs/architecture.md") + text_of("CONTRIBUTING.md")
    named = set(re.findall(r"`((?:[a-z_]+/)*[a-z_]+(?:\.py|\.sql|/)|(?:[a-z_]+/)+[a-z_]+)`", text))

    roots = (ROOT, ROOT / "provisioner")
    missing = {
        name
        for name in named
        if not any((root / f"{name}{end}").exists() for root in roots for end in ("", ".py"))
    }
    assert len(named) > 60
    assert missing == set()


def test_the_events_of_the_log_are_listed() -> None:
    """Every event that the program logs is explained."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "provisioner").rglob("*.py"))
    logged = set(re.findall(r"\.(?:debug|info|warning|error)\(\s*\"(\w+\.\w+)\"", code))
    logged |= set(re.findall(r"log_answer\(self\._log, \"(\w+\.\w+)\"", code))
    logged |= set(re.findall(r"\.(?:_try|_tell)\(\s*(?:\"\w+\"|level), \"(\w+\.\w+)\"", code))  # of any level

    page = text_of("docs/operating.md")
    rows = [row for heading in ("### The log", "### stderr as JSON") for row in table_below(heading, page)]
    listed = {name for row in rows for name in _NAME.findall(row[0])}
    of_rows = {"row.rejected", "row.unknown", "row.unsent"}
    of_messages = {
        f"{what}.{status}"
        for what in ("message", "history")
        for status in {*MessageStatus} - {"in_flight", "held"}
    }
    of_settings = {f"settings.{status}" for status in set(SettingsStatus) - {"pending"}}
    assert listed == logged | of_rows | of_messages | of_settings


def test_the_options_are_those_declared() -> None:
    """docs/options.md is what its script writes; if it is not: python docs/generate_options.py."""
    page = runpy.run_path(str(ROOT / "docs" / "generate_options.py"))["page"]

    assert text_of("docs/options.md") == page()


def test_every_promise_names_tests_there_are() -> None:
    """A test that a guarantee points at is in the file it says."""
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", text_of("docs/guarantees.md"))

    missing = [f"{file}::{test}" for file, test in named if test not in names_of_tests_in(ROOT / file)]
    assert named
    assert missing == []


def names_of_tests_in(file: Path) -> set[str]:
    """Return the names of the tests that a file holds."""
    if not file.is_file():
        return set()
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
