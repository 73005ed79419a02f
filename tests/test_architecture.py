"""The structure of the package: each rule is one test, and its assertion names the modules that break it."""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from provisioner.cli import COMMANDS

ROOT = Path(__file__).parent.parent / "provisioner"

FLOORS = {
    "__main__": 13,
    "cli": 12,
    "api": 11,
    "background": 10,
    "commands": 9,
    "closing": 8,
    "runs": 8,
    "reconciling": 7,
    "target": 7,
    "cluster": 6,
    "planning": 6,
    "results": 6,
    "sending": 6,
    "twilio": 6,
    "http_client": 5,
    "pacing": 5,
    "report": 5,
    "sources": 5,
    "telemetry": 5,
    "ledger": 4,
    "load": 4,
    "logs": 4,
    "mapping": 4,
    "monitor": 4,
    "ports": 4,
    "rows": 4,
    "embedded": 3,
    "models": 3,
    "options": 3,
    "signals": 3,
    "errors": 2,
    "__init__": 1,
    "simulator": 1,
    "system": 1,
}
"""Every room and its floor; an import may only go to a lower one."""

HOMES = {
    "aiohttp": ("http_client", "report", "simulator", "sources/files"),
    "asyncio_throttle": ("pacing",),
    "asyncpg": ("ledger/postgres",),
    "click": ("cli",),
    "csv": ("results", "sources/delimited"),
    "distributed": ("cluster",),
    "fsspec": ("sources/files",),
    "openpyxl": ("sources/excel",),
    "opentelemetry": ("telemetry",),
    "pyarrow": ("sources/parquet",),
    "requests": ("telemetry",),
    "rich": ("cli",),
    "sqlite3": ("ledger/sqlite",),
    "uvloop": ("options",),
    "yarl": ("http_client",),
    "zstandard": ("sources/files",),
}
"""The folders that may import a library. ``aiohttp`` has two halves, which a test of their own keeps apart."""

EVERYWHERE = {"msgspec", "structlog"}
"""The libraries of the values and of the log, which every room may import."""

COMMAND_LINE = {"__init__", "api", "errors", "models", "options", "system"}
"""What the command line may import: it parses, calls the API and prints."""
COMMAND_LINE_EXCEPTIONS = {
    "command_runner": {"logs"},
    "event_stream": {"logs"},
    "files": {"runs"},
    "process_signals": {"signals"},
    "simulate": {"signals", "simulator"},
}
"""What its single modules may import besides: the process is theirs, and the simulator is no job."""

LONGEST_MODULE = 300
LONGEST_FUNCTION = 40
MOST_ARGUMENTS = 7

WIDE_FUNCTIONS = {"options/declaration.py: option"}
"""Functions that take more than constructors may: an option has as many sides."""

OF_NAMED_TUPLES = {"_asdict", "_field_defaults", "_fields", "_make", "_replace"}
"""Names that begin with an underscore and are public all the same."""

OUR_TESTS = Path(__file__).parent

TEXTS = {path: path.read_text(encoding="utf-8") for path in sorted(ROOT.rglob("*.py"))}
TREES = {path: ast.parse(text) for path, text in TEXTS.items()}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def named(path: Path) -> str:
    """Return a module's path inside the package, as the failures name it."""
    return path.relative_to(ROOT).as_posix()


def room_of(path: Path) -> str:
    """Return the room (top-level module or package) that a file belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def dotted(path: Path) -> str:
    """Return the name under which a module is imported."""
    return ".".join(("provisioner", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


MODULES = {dotted(path): path for path in TREES}


def imports_of(path: Path) -> Iterator[str]:
    """Yield the absolute name of everything a file imports, at any depth in it."""
    package = ("provisioner", *path.relative_to(ROOT).parent.parts)
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (start, node.module) if part)
            yield from (f"{module}.{name.name}" for name in node.names)


def module_of(name: str) -> Path | None:
    """Return the module of ours that an imported name is, or stands in."""
    return MODULES.get(name) or MODULES.get(name.rpartition(".")[0])


def rooms_imported_by(path: Path) -> set[str]:
    """Return the other rooms of the house that a file imports."""
    names = {name.split(".")[1] for name in imports_of(path) if name.startswith("provisioner.")}
    return (names & FLOORS.keys()) - {room_of(path)}


def circles_in(graph: Mapping[Path, Iterable[Path]]) -> Iterator[list[Path]]:
    """Yield each circle that a walk along the arrows of a graph meets, as the nodes on it."""
    done: set[Path] = set()
    trail: list[Path] = []

    def visit(node: Path) -> Iterator[list[Path]]:
        if node in trail:
            yield [*trail[trail.index(node) :], node]
        elif node not in done:
            trail.append(node)
            for target in graph[node]:
                yield from visit(target)
            done.add(trail.pop())

    for start in graph:
        yield from visit(start)


def argument_count(function: Function) -> int:
    """Count what a caller can hand over."""
    arguments = function.args
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def private_accesses(tree: ast.Module) -> Iterator[str]:
    """Yield every use of a private name of something that is not ``self``, ``cls`` or ``super()``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (name.name for name in node.names if is_private(name.name))
        elif isinstance(node, ast.Attribute) and is_private(node.attr):
            owner = ast.unparse(node.value)
            if owner not in {"self", "cls", "super()"}:
                yield f"line {node.lineno}: {owner}.{node.attr}"


def passed_over_in_transactions(tree: ast.Module) -> Iterator[str]:
    """Yield what may swallow a failure in a transaction's block: ``suppress``, and handlers that do not raise."""
    for block in (node for node in ast.walk(tree) if isinstance(node, ast.AsyncWith)):
        if any(ast.unparse(item.context_expr).endswith(".transaction()") for item in block.items):
            for node in (inner for statement in block.body for inner in ast.walk(statement)):
                if isinstance(node, ast.ExceptHandler | ast.Call) and passes_over(node):
                    yield f"line {node.lineno}"


def passes_over(node: ast.ExceptHandler | ast.Call) -> bool:
    """Return whether a failure ends at a handler, or at what a call makes."""
    if isinstance(node, ast.ExceptHandler):
        return not isinstance(node.body[-1], ast.Raise)
    return ast.unparse(node.func).endswith("suppress")


def is_private(name: str) -> bool:
    """Say whether a name is meant for the class or module alone that defines it."""
    return name.startswith("_") and not name.startswith("__") and name not in OF_NAMED_TUPLES


def repeated(names: Iterable[tuple[str, Path]]) -> dict[str, list[str]]:
    """Return the names that stand in more than one place of the worker or of the simulator, with these places."""
    places = defaultdict(list)
    for name, path in names:
        places[name, room_of(path) == "simulator"].append(named(path))
    return {name: found for (name, _), found in places.items() if len(found) > 1}


def names_a_module(folder: Path, name: str) -> bool:
    """Say whether a name is that of a module in a folder, or of one and, after an underscore, something of it."""
    words = name.split("_")
    return any(folder / f"{'_'.join(words[:count])}.py" in TREES for count in range(1, len(words) + 1))


def test_every_room_stands_on_a_floor() -> None:
    """A new room has to be given its floor here, on purpose; a floor without a room is a leftover."""
    assert {room_of(path) for path in TREES} == FLOORS.keys()


def test_no_folder_is_left_over() -> None:
    """A package holds modules of its own: nothing is left of one whose modules moved away."""
    packages = {path.parent for path in TREES}

    empty = {
        named(package)
        for package in packages
        if not any(path.name != "__init__.py" and package in path.parents for path in TREES)
    }

    assert empty == set()


def test_imports_go_strictly_down() -> None:
    """A room imports rooms of lower floors only, inside functions too."""
    upward = {
        f"{named(path)} imports {room}"
        for path in TREES
        for room in rooms_imported_by(path)
        if FLOORS[room] >= FLOORS[room_of(path)]
    }

    assert upward == set()


def test_no_modules_import_each_other() -> None:
    """Modules form no cycle, inside a room neither, nor by an import inside a function."""
    graph = {
        path: {module for module in map(module_of, imports_of(path)) if module and module != path}
        for path in TREES
    }

    circles = {" → ".join(named(path) for path in circle) for circle in circles_in(graph)}

    assert circles == set()


def test_the_command_line_calls_the_api_and_nothing_else() -> None:
    """What a command does can be done from Python as well; the exceptions are all needed."""
    found = {path.stem: rooms_imported_by(path) - COMMAND_LINE for path in TREES if room_of(path) == "cli"}

    assert {module: rooms for module, rooms in found.items() if rooms} == COMMAND_LINE_EXCEPTIONS


def test_the_simulator_knows_nothing_of_the_worker() -> None:
    """The simulator imports nothing of ours, so that it can disagree."""
    ours = {room for path in TREES if room_of(path) == "simulator" for room in rooms_imported_by(path)}

    assert ours == set()


def test_each_library_lives_in_its_folder() -> None:
    """A library is imported in the folders that own it and in no other; a new one is given its home here."""
    strangers = {
        f"{named(path)} imports {library}"
        for path in TREES
        for library in {name.split(".")[0] for name in imports_of(path)}
        if library in HOMES or library not in {*sys.stdlib_module_names, *EVERYWHERE, "provisioner"}
        if not any(PurePosixPath(named(path)).is_relative_to(home) for home in HOMES.get(library, ()))
    }

    assert strangers == set()


def test_the_client_and_the_server_of_aiohttp_are_apart() -> None:
    """Only the simulator and the live page serve with aiohttp, and only the worker's transport calls with it."""
    serving = {room_of(path) for path in TREES if any("aiohttp.web" in name for name in imports_of(path))}
    calling = {room_of(path) for path, text in TEXTS.items() if "TCPConnector" in text}

    assert serving == {"simulator", "report"}
    assert calling == {"http_client"}


def test_modules_stay_short() -> None:
    """No module grows past 300 lines."""
    lines = {named(path): len(text.splitlines()) for path, text in TEXTS.items()}

    assert {name: count for name, count in lines.items() if count > LONGEST_MODULE} == {}


def test_functions_stay_short() -> None:
    """No function grows past 40 lines."""
    lines = {
        f"{named(path)}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, Function)
    }

    assert {name: count for name, count in lines.items() if count > LONGEST_FUNCTION} == {}


def test_functions_and_constructors_take_few_arguments() -> None:
    """Nothing takes more than 7 arguments, ``self`` aside; an exception that is none any more is a leftover."""
    wide = {
        f"{named(path)}: {node.name}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, Function) and argument_count(node) > MOST_ARGUMENTS
    }

    assert wide == WIDE_FUNCTIONS


def test_nothing_private_is_used_from_outside() -> None:
    """A private name is used by its own object alone."""
    found = {named(path): list(private_accesses(tree)) for path, tree in TREES.items()}

    assert {name: uses for name, uses in found.items() if uses} == {}


def test_no_failure_is_passed_over_inside_a_transaction() -> None:
    """Every failure leaves the block: asyncpg says committed of what PostgreSQL has rolled back after one.

    See ``findings/postgres-drivers-aborted-commit.sh``.
    """
    found = {named(path): list(passed_over_in_transactions(tree)) for path, tree in TREES.items()}

    assert {name: places for name, places in found.items() if places} == {}


def test_a_class_name_stands_for_one_class() -> None:
    """No class name is used twice; the simulator, a program of its own, may share Twilio's nouns."""
    classes = [
        (node.name, path)
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    ]

    assert repeated(classes) == {}


def test_a_public_function_name_stands_for_one_function() -> None:
    """No public function of a module has the name of another; the simulator may share the worker's.

    The API names a command as the command line does, because it is the same command.
    """
    functions = [
        (node.name, path)
        for path, tree in TREES.items()
        for node in tree.body
        if isinstance(node, Function) and not node.name.startswith("_")
        if not (named(path) == "api.py" and node.name in COMMANDS)
    ]

    assert repeated(functions) == {}


def test_a_module_s_tests_are_found_by_its_name() -> None:
    """Tests of ``room/module.py`` are ``room/test_module.py``, or ``test_module_<what of it>.py`` beside that."""
    strays = {
        test.relative_to(OUR_TESTS).as_posix()
        for kind in ("unit", "integration")
        for test in (OUR_TESTS / kind).rglob("test_*.py")
        if not names_a_module(ROOT / test.relative_to(OUR_TESTS / kind).parent, test.stem.removeprefix("test_"))
    }

    assert strays == set()
