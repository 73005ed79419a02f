"""The house keeps its floors: imports go down, and each library lives in one room."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "provisioner"

FLOORS = {
    "__main__": 11,
    "cli": 10,
    "commands": 9,
    "closing": 8,
    "runs": 8,
    "reconciling": 7,
    "target": 7,
    "planning": 6,
    "results": 6,
    "sending": 6,
    "twilio": 6,
    "http_client": 5,
    "pacing": 5,
    "report": 5,
    "sources": 5,
    "ledger": 4,
    "load": 4,
    "logs": 4,
    "mapping": 4,
    "monitor": 4,
    "ports": 4,
    "rows": 4,
    "models": 3,
    "options": 3,
    "signals": 3,
    "errors": 2,
    "__init__": 1,
    "simulator": 1,
    "system": 1,
}
"""Every room and its floor; an import may only go to a lower one."""

ONLY = {
    "click": {"cli"},
    "rich": {"cli"},
    "sqlite3": {"ledger"},
    "csv": {"sources", "results"},
    "asyncio_throttle": {"pacing"},
    "aiohttp": {"http_client", "simulator", "report"},
    "chardet": {"sources"},
    "openpyxl": {"sources"},
    "zstandard": {"sources"},
}
"""Which rooms may import a library."""

LONGEST_MODULE = 300
LONGEST_FUNCTION = 40
MOST_ARGUMENTS = 7
NARROW_ROOMS = {"cli", "commands", "monitor", "planning", "report", "results", "rows", "runs"}
"""The rooms in which no function takes more than so many arguments."""
MODULES = sorted(ROOT.rglob("*.py"))


def room_of(path: Path) -> str:
    """Return the room (top-level module or package) that a file belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[str]:
    """Yield the absolute name of everything a file imports, at any depth in it."""
    package = ("provisioner", *path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (start, node.module) if part)
            yield module
            yield from (f"{module}.{name.name}" for name in node.names)


def rooms_imported_by(path: Path) -> set[str]:
    """Return the other rooms of the house that a file imports."""
    names = {name.split(".")[1] for name in imports_of(path) if name.startswith("provisioner.")}
    return (names & FLOORS.keys()) - {room_of(path)}


def arguments_of(arguments: ast.arguments) -> int:
    """Return how many arguments a function is given by whoever calls it."""
    named = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len(named) - (named[:1] in (["self"], ["cls"]))


def test_every_room_stands_on_a_floor() -> None:
    """A new room has to be given its floor here, on purpose; a floor without a room is a leftover."""
    assert {room_of(path) for path in MODULES} == FLOORS.keys()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_strictly_down(path: Path) -> None:
    """A room imports rooms of lower floors only, inside functions too."""
    floor = FLOORS[room_of(path)]

    upward = {room for room in rooms_imported_by(path) if FLOORS[room] >= floor}

    assert upward == set()


def test_the_simulator_knows_nothing_of_the_worker() -> None:
    """The simulator imports nothing of ours, so that it can disagree."""
    ours = {room for path in MODULES if room_of(path) == "simulator" for room in rooms_imported_by(path)}

    assert ours == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_library_lives_in_its_room(path: Path) -> None:
    """A library is imported by the rooms that own it and by no other."""
    libraries = {name.split(".")[0] for name in imports_of(path)}

    strangers = {library for library in libraries & ONLY.keys() if room_of(path) not in ONLY[library]}

    assert strangers == set()


def test_the_client_and_the_server_of_aiohttp_are_apart() -> None:
    """Only the simulator and the live page serve with aiohttp, and only the worker's transport calls with it."""
    serving = {room_of(path) for path in MODULES if "aiohttp.web" in set(imports_of(path))}
    calling = {room_of(path) for path in MODULES if "TCPConnector" in path.read_text(encoding="utf-8")}

    assert serving == {"simulator", "report"}
    assert calling == {"http_client"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_rooms_stay_small(path: Path) -> None:
    """No module grows past 300 lines and no function past 40."""
    text = path.read_text(encoding="utf-8")

    long_functions = [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]

    assert len(text.splitlines()) <= LONGEST_MODULE
    assert long_functions == []


def test_nothing_that_a_run_is_made_of_takes_more_than_seven_arguments() -> None:
    """Functions and constructors of the rooms around a run take at most seven arguments, self aside."""
    wide = [
        f"{path.relative_to(ROOT)}: {node.name} takes {count}"
        for path in MODULES
        if room_of(path) in NARROW_ROOMS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (count := arguments_of(node.args)) > MOST_ARGUMENTS
    ]

    assert wide == []
