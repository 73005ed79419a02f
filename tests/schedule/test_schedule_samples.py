"""The samples for schedulers are what their own programs read, and they start what this one understands."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from provisioner import __version__
from provisioner.cli.main import cli
from provisioner.errors import ExitCode
from tests.sample_checks import ROOT, check, parse, tool

FOLDER = ROOT / "samples" / "schedule"
IMAGES = (FOLDER, ROOT / "samples" / "cluster")
CRON_LINE = re.compile(r"(?:[\d*/,-]+ +){5}(?P<command>.+)")
EXACT_IMAGE = re.compile(r"[a-z0-9./-]+:\d+\.\d+\.\d+-[a-z-]+(@sha256:[0-9a-f]{64})?")


def text_of(name: str) -> str:
    """Read a sample."""
    return (FOLDER / name).read_text(encoding="utf-8")


def setting(unit: str, name: str) -> str:
    """Return the one value of a setting in a unit."""
    (value,) = re.findall(rf"^{name}=(.*)$", text_of(unit), re.MULTILINE)
    return str(value)


def commands_in_crontab() -> list[str]:
    """Return the command of every line that has one."""
    lines = [line for line in text_of("crontab").splitlines() if line and not re.match(r"#|\w+=", line)]
    found = [CRON_LINE.fullmatch(line) for line in lines]
    assert all(found)
    return [line["command"] for line in found if line]


def cronjob() -> dict[str, Any]:
    """Return the manifest."""
    document: dict[str, Any] = yaml.safe_load(text_of("cronjob.yaml"))
    return document


def pod() -> dict[str, Any]:
    """Return the specification of the pods it starts."""
    found: dict[str, Any] = cronjob()["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return found


def worker() -> dict[str, Any]:
    """Return the one container of a pod."""
    (container,) = pod()["containers"]
    found: dict[str, Any] = container
    return found


def test_cron_reads_the_crontab() -> None:
    """Its own check of the syntax is content; Debian's cron and cronie name it differently."""
    crontab = tool("crontab")
    usage = subprocess.run([crontab, "-?"], capture_output=True, text=True, check=False).stderr

    check(crontab, "-T" if re.search(r"^\s*-T\b", usage, re.MULTILINE) else "-n", FOLDER / "crontab")


def test_the_crontab_starts_what_there_is() -> None:
    """Every command in it is sound for its shell and understood by the program; cron wants a percent escaped."""
    commands = commands_in_crontab()

    assert len(commands) == 3
    for command in commands:
        assert not re.search(r"(?<!\\)%", command)
        line = command.replace(r"\%", "%")
        check("sh", "-n", "-c", line)
        started = shlex.split(line.split("provisioner ", 1)[1].replace("$(date +%F)", "2026-11-28"))
        parse(started)


@pytest.mark.parametrize("unit", ["provisioner.service", "provisioner.timer"])
def test_systemd_reads_the_units(tmp_path: Path, unit: str) -> None:
    """Its own check is content, with a program in place of ours, which is not installed here."""
    analyze = tool("systemd-analyze")
    for name in ("provisioner.service", "provisioner.timer"):
        whole = text_of(name).replace("/usr/local/bin/provisioner", "/bin/true")
        (tmp_path / name).write_text(whole, encoding="utf-8")

    check(analyze, "verify", "--man=no", f"./{unit}", cwd=tmp_path)


def test_the_service_starts_what_there_is() -> None:
    """The program understands the command; its codes are a success, are tried again, or fail the unit."""
    _program, *arguments = shlex.split(setting("provisioner.service", "ExecStart"))

    parse(arguments)
    successes, final = (
        {int(code) for code in setting("provisioner.service", name).split()}
        for name in ("SuccessExitStatus", "RestartPreventExitStatus")
    )
    assert setting("provisioner.service", "Restart") == "on-failure"
    assert successes == {ExitCode.AS_PLANNED, ExitCode.BUSY}
    assert final == {ExitCode.USAGE, ExitCode.STRICT, ExitCode.REJECTED, ExitCode.GUARD, ExitCode.THRESHOLDS}


def test_the_service_is_handed_its_secret_as_a_file() -> None:
    """The credential that is loaded is the file that the program reads."""
    name, _, source = setting("provisioner.service", "LoadCredential").partition(":")

    assert source.startswith("/etc/provisioner/")
    assert setting("provisioner.service", "Environment") == f"TWILIO_API_SECRET_FILE=%d/{name}"


def test_kubernetes_reads_the_cronjob() -> None:
    """The schema of the newest version known is content, and there is no field beside it."""
    check(tool("kubernetes-validate"), "--strict", FOLDER / "cronjob.yaml")


def test_the_cronjob_starts_what_there_is() -> None:
    """The program understands its arguments, and the image is of this version."""
    parse(worker()["args"])

    assert worker()["image"].endswith(f":{__version__}")


def test_the_cronjob_runs_one_at_a_time_and_resumes() -> None:
    """A night that is not over is not started again, and a pod that is tried again has the same results' name."""
    assert cronjob()["spec"]["concurrencyPolicy"] == "Forbid"
    assert not [argument for argument in worker()["args"] if "{" in argument]


def test_every_exit_code_is_somebodys() -> None:
    """Each code fails the job or is tried again, and none is both; only the two of success need no rule."""
    rules = cronjob()["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    by_action = {rule["action"]: rule["onExitCodes"] for rule in rules if "onExitCodes" in rule}

    assert {each["containerName"] for each in by_action.values()} == {worker()["name"]}
    killed = 137
    final, again = set(by_action["FailJob"]["values"]), set(by_action["Count"]["values"])
    assert final | again == {*ExitCode} - {ExitCode.DONE, ExitCode.AS_PLANNED} | {killed}
    assert final & again == set()
    assert {ExitCode.USAGE, ExitCode.STRICT, ExitCode.REJECTED, ExitCode.GUARD, ExitCode.BUSY} <= final
    assert {ExitCode.SIGTERM, ExitCode.UNKNOWN, ExitCode.UNSENT} <= again


def in_the_pod(folder: Path, run: str) -> subprocess.Popen[bytes]:
    """Start the container's command, with the shell script ``run`` in place of Python."""
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{run}\n", encoding="utf-8")
    python.chmod(0o700)
    env = {"PATH": f"{folder}:/usr/bin:/bin"}
    return subprocess.Popen([*worker()["command"], *worker()["args"]], env=env, stdout=subprocess.PIPE)


def test_the_pod_succeeds_where_the_night_ends_as_planned(tmp_path: Path) -> None:
    """Kubernetes knows no success but 0; every other code is handed on, for the rules."""
    ends = {}
    for code in (*ExitCode, 137):
        with in_the_pod(tmp_path, f"exit {int(code)}") as started:
            ends[int(code)] = started.wait(10)

    assert ends == {int(code): 0 if code is ExitCode.AS_PLANNED else int(code) for code in (*ExitCode, 137)}


def test_the_pod_hands_its_signal_on_and_waits(tmp_path: Path) -> None:
    """A SIGTERM reaches the run with its arguments, which drains; its own code is that of the pod."""
    draining = 'trap "echo drained; exit 143" TERM; sleep 0.2; echo "$@"; for i in 1 2 3 4 5; do sleep 1; done'
    with in_the_pod(tmp_path, draining) as started:
        assert started.stdout is not None
        told = started.stdout.readline().decode().split()
        started.terminate()
        code, rest = started.wait(10), started.stdout.read()

    assert told == ["-m", "provisioner", *worker()["args"]]
    assert (code, rest) == (143, b"drained\n")


def test_the_pod_may_do_little() -> None:
    """It is nobody, writes to its volumes only, and keeps its secret in a file."""
    secret = {"name": "TWILIO_API_SECRET_FILE", "value": "/run/secrets/twilio/api-secret"}

    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert pod()["automountServiceAccountToken"] is False
    assert worker()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert secret in worker()["env"]


@pytest.mark.parametrize("folder", IMAGES)
def test_hadolint_reads_the_dockerfile(folder: Path) -> None:
    """The linter of Dockerfiles has nothing to say."""
    check(tool("hadolint"), folder / "Dockerfile")


@pytest.mark.parametrize("folder", IMAGES)
def test_the_image_is_pinned_small_and_nobodys(folder: Path) -> None:
    """Exact bases, locked libraries by their hashes, nothing run in the last stage, a user that is not root."""
    text = folder.joinpath("Dockerfile").read_text(encoding="utf-8")
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    last_stage = text.rpartition("\nFROM ")[2]

    assert len(bases) == 2
    assert [base for base in bases if not EXACT_IMAGE.fullmatch(base)] == []
    assert "--require-hashes" in text
    assert "--only-binary :all:" in text
    assert "RUN" not in last_stage
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", last_stage, re.MULTILINE)


@pytest.mark.parametrize("folder", IMAGES)
def test_the_image_is_built_from_what_is_there(folder: Path) -> None:
    """What it copies is in the project and let into the build, and nothing else is."""
    copied = re.findall(
        r"^COPY (?!--from)(\S+?)/? ", folder.joinpath("Dockerfile").read_text(encoding="utf-8"), re.MULTILINE
    )
    let_in = re.findall(
        r"^!(.+)$", folder.joinpath("Dockerfile.dockerignore").read_text(encoding="utf-8"), re.MULTILINE
    )

    assert sorted(copied) == sorted(let_in)
    assert all((ROOT / name).exists() for name in copied)
    assert "*" in folder.joinpath("Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("folder", IMAGES)
def test_the_entry_of_the_image_is_the_program(folder: Path) -> None:
    """What the image starts is what ``python -m`` starts, and its help is what it shows by itself."""
    assert 'ENTRYPOINT ["python", "-m", "provisioner"]' in folder.joinpath("Dockerfile").read_text(
        encoding="utf-8"
    )
    with pytest.raises(click.exceptions.Exit):
        cli.make_context("provisioner", ["--help"])
