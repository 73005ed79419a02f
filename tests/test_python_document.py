"""docs/python.md says what is: its examples are run, and its tables list what there is."""

import ast
import asyncio
import inspect
import re
from pathlib import Path

import pytest
import structlog

from provisioner import api
from provisioner.errors import ProvisionerError
from tests.transcripts import ROOT, Block, Step, blocks_of

TEXT = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
EXAMPLES = [*zip(blocks_of(TEXT, "python"), blocks_of(TEXT, "text"), strict=True)]


@pytest.mark.parametrize(("code", "output"), EXAMPLES, ids=[f"line {code.line}" for code, _ in EXAMPLES])
def test_every_example_prints_what_the_document_shows(
    code: Block, output: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside 25 customers, each by itself; one that awaits runs on a loop, as a notebook's cell does."""
    structlog.reset_defaults()
    monkeypatch.chdir(tmp_path)
    rows = [f"{number},Customer {number}\n" for number in range(1, 26)]
    Path("customers.csv").write_text("crm_id,CustomerFriendlyName\n" + "".join(rows))
    compiled = compile(code.text, "docs/python.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)

    awaited = eval(compiled, {"__name__": "example"})  # noqa: S307 - our own document
    if inspect.iscoroutine(awaited):
        asyncio.run(awaited)

    printed = capsys.readouterr()
    assert Step(output.line, "", tuple(output.text.splitlines())).is_answered_by(printed.out), printed.out
    assert printed.err == ""


def test_every_function_is_listed_in_both_forms() -> None:
    """The table names each function, and the coroutine function beside it."""
    rows = re.findall(r"^\| `(\w+)\(.*?\)` \| `(\w+)` \| `provisioner (\w+)` \|$", TEXT, re.MULTILINE)
    functions = [name for name in api.__all__ if inspect.iscoroutinefunction(getattr(api, name))]

    assert {form for _, form, _ in rows} == {*functions} - {"perform"}
    assert all(form == f"a{name}" and callable(getattr(api, name)) for name, form, _ in rows)


def test_the_exceptions_are_listed_with_their_codes() -> None:
    """Every exception that the API names is in the table, with the code it has."""
    listed = {
        name: int(code)
        for names, code in re.findall(r"^\| ((?:`\w+Error`,? ?)+)\| (\d+) \|", TEXT, re.MULTILINE)
        for name in re.findall(r"\w+", names)
    }
    offered = {name: getattr(api, name) for name in api.__all__ if name.endswith("Error")}

    assert listed == {name: kind.exit_code for name, kind in offered.items() if kind is not ProvisionerError}
