"""No command writes over a file that it reads or keeps: every pair of roles, through the whole program."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest

from provisioner.cli.main import main
from provisioner.errors import ExitCode

JOB = ("run", "customers.csv", "-o", "results.csv", "--simulate", "--rate", "0", "--key", "id")
FAMILY = ("", "-wal", "-shm", ".lock")


@dataclass
class Command:
    """A command and its files.

    ``words`` hold a name in braces for each file that is written. ``needed`` are the files that it reads or keeps,
    by the word that a refusal calls them with.
    """

    words: str
    written: dict[str, str]
    needed: dict[str, str] = field(default_factory=dict)


def family(ledger: str) -> dict[str, str]:
    """Return a ledger and what lies beside it."""
    return {f"{ledger}{ending}": "ledger" for ending in FAMILY}


ALWAYS = {
    "settings.toml": "--config",
    "secret.txt": "TWILIO_API_SECRET_FILE",
    "home/.twilio-cli/config.json": "twilio-cli",
}
LOG = {"log": "--log-file"}
RESULTS = {"output": "-o", "failed": "--failed"}
INPUTS = {"customers.csv": "input", "map.toml": "--map"}
CALL = "--simulate --rate 0"
COMMANDS = {
    "run": Command(
        f"run customers.csv --map map.toml -o {{output}} --failed {{failed}} --ledger job.ledger {CALL}",
        RESULTS,
        {**INPUTS, **family("job.ledger")},
    ),
    "run by a pattern": Command(
        f"run cust*.csv -o {{output}} --failed {{failed}} {CALL}", RESULTS, {"customers.csv": "input"}
    ),
    "load": Command(
        "load customers.csv --map map.toml -o {output} --failed {failed} --metrics-file {metrics} "
        "--ledger job.ledger --simulate --rate 9/s --duration 1s",
        {**RESULTS, "metrics": "--metrics-file"},
        {**INPUTS, **family("job.ledger")},
    ),
    "check": Command("check customers.csv --map map.toml", {}, INPUTS),
    "status": Command("status results.csv.ledger", {}, family("results.csv.ledger")),
    "export": Command(
        "export results.csv.ledger -o {output} --failed {failed}",
        RESULTS,
        {"customers.csv": "input", **family("results.csv.ledger")},
    ),
    "report": Command(
        "report results.csv.ledger -o {output}",
        {"output": "-o"},
        {"customers.csv": "input", **family("results.csv.ledger")},
    ),
    "reconcile": Command("reconcile results.csv.ledger", {}, family("results.csv.ledger")),
    "close": Command(f"close results.csv.ledger {CALL}", {}, family("results.csv.ledger")),
    "close by results": Command(
        f"close results.csv {CALL}", {}, {"results.csv": "results file", **family("results.csv.close.ledger")}
    ),
    "mapping": Command("mapping suggest customers.csv", {}, {"customers.csv": "input"}),
    "simulate": Command("simulate --port 0 --faults faults.toml", {}, {"faults.toml": "--faults"}),
}
LINKS = {"named": None, "symlinked": Path.symlink_to, "hard-linked": Path.hardlink_to}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a finished job and every file that a command may need."""
    monkeypatch.chdir(tmp_path)
    texts = {
        "customers.csv": "id,CustomerFriendlyName\n1,Ana\n",
        "map.toml": 'customer_friendly_name = "{CustomerFriendlyName}"\n',
        "settings.toml": 'log-level = "info"\n',
        "secret.txt": "an-invented-secret\n",
        "home/.twilio-cli/config.json": "{}",
        "faults.toml": "seed = 1\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TWILIO_API_SECRET_FILE", "secret.txt")
    assert main(list(JOB)) == ExitCode.DONE
    return tmp_path


def state_of(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Return every file with its content, its inode and when it was changed."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


def pairs(command: Command) -> Iterator[tuple[str, str, dict[str, str], str]]:
    """Yield a role that is written, one that is not to be touched, and the names that make them one file."""
    written = {**command.written, **LOG}
    own = {role: f"own-{role}.csv" for role in written}
    for role, (path, word) in product(written, {**command.needed, **ALWAYS}.items()):
        yield written[role], word, {**own, role: path}, path
    for role, other in product(written, written):
        if role < other:
            yield written[role], written[other], {**own, role: own[other]}, ""


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_no_command_writes_over_what_it_needs(
    folder: Path, command: Command, link: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever two of its files are one: exit code 2, both named with the cure, and no file is touched."""
    count = 0
    for role, word, names, path in pairs(command):
        for place in (Path("link.csv"), Path("link.jsonl")):
            place.unlink(missing_ok=True)
        if (make := LINKS[link]) is not None:
            if not path or not Path(path).is_file():
                continue
            make(Path("link.csv"), folder / path)
            names = {each: "link.csv" if name == path else name for each, name in names.items()}  # noqa: PLW2901
        before = state_of(folder)
        typed = f"--config settings.toml --log-file {{log}} {command.words}".format(**names)

        code = main([*typed.split()])

        said = capsys.readouterr().err
        assert (code, state_of(folder)) == (ExitCode.USAGE, before), (typed, said)
        assert role in said, (typed, said)
        assert word in said, (typed, said)
        assert "give each file a name of its own" in said
        count += 1
    assert count >= len(ALWAYS)


def test_dated_names_are_compared_as_what_they_become(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Today's results are an input, or the lock of all days is."""
    main(["run", "customers.csv", "-o", "r-{date}.csv", "--simulate", "--rate", "0"])
    (today,) = folder.glob("r-*.csv")
    lock = Path("r-{date}.csv.lock")
    lock.write_text("id\n1\n", encoding="utf-8")
    capsys.readouterr()
    before = state_of(folder)

    for flags in (["--log-file", today.name, "run", "customers.csv"], ["run", today.name], ["run", lock.name]):
        code = main([*flags, "-o", "r-{date}.csv", "--simulate", "--rate", "0"])

        assert code == ExitCode.USAGE
        assert "give each file a name of its own" in capsys.readouterr().err
        assert state_of(folder) == before


def test_names_that_are_no_files_stay_allowed(folder: Path) -> None:
    """A log to nowhere, twice the same preset, results on stdout: nothing of that is a clash."""
    run = ["run", "customers.csv", "--simulate", "--rate", "0", "--key", "id"]

    assert main(["--log-file", "/dev/null", *run, "-o", "again.csv"]) == ExitCode.DONE
    assert main([*run, "-o", "-", "--ledger", "other.ledger"]) == ExitCode.DONE
    assert main(["--log-file", "hubspot", "mapping", "show", "hubspot"]) == ExitCode.DONE
    assert main(["report", "again.csv.ledger", "again.csv.ledger"]) == ExitCode.DONE
