"""Nobody but the kind of ledger itself knows which kind it is, or where its file lies."""

import ast
from collections.abc import Iterator
from pathlib import Path

import provisioner
from provisioner.ledger import sqlite

ROOT = Path(provisioner.__file__).parent
SQLITE = Path(sqlite.__file__).parent
OUTSIDE = sorted(path for path in ROOT.rglob("*.py") if SQLITE not in path.parents)


def names_in(path: Path) -> Iterator[str]:
    """Yield every name that a module uses or imports, and the words of its strings, as annotations may be some."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield from node.name.split(".")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            yield node.value


def classes_in(path: Path) -> Iterator[str]:
    """Yield the names of the classes that a module defines."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    yield from (node.name for node in nodes if isinstance(node, ast.ClassDef))


def test_no_class_of_sqlites_ledger_is_named_outside_of_it() -> None:
    """Whoever uses a ledger knows its protocols, so that another kind can stand in its place."""
    classes = {name for path in SQLITE.glob("*.py") for name in classes_in(path)}

    named = {f"{path.relative_to(ROOT)}: {name}" for path in OUTSIDE for name in {*names_in(path)} & classes}

    assert {"SqliteLedger", "SqliteLedgerReader", "SqliteMessageLedger", "SqliteCloseLedger"} <= classes
    assert named == set()


def test_only_the_room_of_the_ledger_knows_its_kinds_and_its_file() -> None:
    """Others open a ledger by its location, and ask an open one for a reader instead of opening it again."""
    others = [path for path in OUTSIDE if path.relative_to(ROOT).parts[0] != "ledger"]

    knowing = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in others
        for name in {*names_in(path)} & {"sqlite", "file_path", "open_sqlite_ledger", "open_sqlite_reader"}
    }

    assert knowing == set()
