"""The samples for workers on many machines are what their own programs read, and they start what there is."""

import re
import runpy
import shlex
import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from provisioner import __version__
from provisioner.errors import ExitCode
from tests.sample_checks import ROOT, check, parse, tool

FOLDER = ROOT / "samples" / "cluster"
UNIT = FOLDER / "provisioner-worker@.service"
MANIFESTS = ("worker-deployment.yaml", "indexed-job.yaml", "dask-kubernetes.yaml")
KILLED = 137
LEDGER = "postgresql://worker@db/jobs?job=spring"
OF_THE_RUN = {*ExitCode} - {ExitCode.INTERNAL, ExitCode.BUSY, ExitCode.SIGINT, ExitCode.SIGTERM}
"""Exit codes of a worker that say how the run ended, and not that this worker did."""


def documents(name: str) -> list[dict[str, Any]]:
    """Return the documents of a manifest."""
    return [*yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))]


def pods(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the specifications of the pods that an object starts."""
    spec = document["spec"]
    if document["kind"] == "DaskCluster":
        yield from (spec[part]["spec"] for part in ("worker", "scheduler"))
    else:
        yield spec["template"]["spec"]


def all_pods() -> list[dict[str, Any]]:
    """Return the specifications of all pods of all manifests."""
    return [pod for name in MANIFESTS for document in documents(name) for pod in pods(document)]


def containers() -> list[dict[str, Any]]:
    """Return the one container of each pod."""
    found = [pod["containers"] for pod in all_pods()]
    assert {len(each) for each in found} == {1}
    return [each[0] for each in found]


def arguments(container: Mapping[str, Any]) -> list[str]:
    """Return what a container hands to its program."""
    return [each.replace("$(LEDGER)", LEDGER) for each in container["args"]]


def test_kubernetes_reads_the_manifests(tmp_path: Path) -> None:
    """Its own objects by its schema; of Dask's, the pods and the service that the operator makes of it."""
    validate = tool("kubernetes-validate")
    (dask,) = (each for each in documents("dask-kubernetes.yaml") if each["kind"] == "DaskCluster")
    made: list[dict[str, Any]] = [
        *({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": pod} for pod in pods(dask)),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "a"},
            "spec": dask["spec"]["scheduler"]["service"],
        },
        *(
            each
            for name in MANIFESTS
            for each in documents(name)
            if each is not dask and each["kind"] != "DaskCluster"
        ),
    ]
    tmp_path.joinpath("all.yaml").write_text(yaml.safe_dump_all(made), encoding="utf-8")

    assert len(made) == 7
    check(validate, "--strict", tmp_path / "all.yaml")


def test_the_pods_start_what_there_is() -> None:
    """The program understands their arguments, and the image is of this version."""
    ours = [each for each in containers() if "command" not in each]

    assert sorted(command_in(arguments(each)) for each in ours) == ["run", "run", "worker", "worker"]
    for container in ours:
        parse(arguments(container))
    assert {each["image"].rpartition(":")[2] for each in containers()} == {__version__}


def command_in(words: Sequence[str]) -> str:
    """Return the command among the arguments of the program."""
    return next(word for word in words if not word.startswith("-"))


def test_the_pods_may_do_little() -> None:
    """They are nobody, write to their volumes only, and hand no secret over as an argument."""
    for pod, container in zip(all_pods(), containers(), strict=True):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        environment = {each["name"]: each for each in container.get("env", ())}
        is_of_run = "--port=8786" not in container["args"]
        assert ("secretKeyRef" in environment.get("PGPASSWORD", {}).get("valueFrom", ())) == is_of_run
        assert "TWILIO_API_SECRET" not in environment


def test_every_exit_code_of_a_pod_is_somebodys() -> None:
    """A run goes on by another start or calls somebody; a worker starts again if it alone ended, or was early."""
    for job in (each for name in MANIFESTS for each in documents(name) if each["kind"] == "Job"):
        (pod,) = pods(job)
        container = pod["containers"][0]["name"]
        rules = [each for each in job["spec"]["podFailurePolicy"]["rules"] if "onExitCodes" in each]
        assert {each["onExitCodes"]["containerName"] for each in rules} == {container}
        values = {each["action"]: set(each["onExitCodes"]["values"]) for each in rules}
        final = values["FailIndex" if container == "worker" else "FailJob"]

        assert final | values["Count"] == {*ExitCode} - {ExitCode.DONE} | {KILLED}
        assert final & values["Count"] == set()
        assert (ExitCode.BUSY in values["Count"]) == (container == "worker")
        if container == "worker":
            assert final == OF_THE_RUN - {ExitCode.DONE, ExitCode.USAGE}


def test_dask_starts_what_there_is() -> None:
    """Its own programs understand the commands of the pods; the run names the scheduler's service and port."""
    (dask, run) = documents("dask-kubernetes.yaml")
    worker, scheduler = (pod["containers"][0] for pod in pods(dask))
    (engine,) = (each for each in run["spec"]["template"]["spec"]["containers"][0]["args"] if "dask://" in each)

    assert engine == f"--engine=dask://{dask['metadata']['name']}-scheduler:8786"
    assert dask["spec"]["scheduler"]["service"]["ports"][0]["port"] == 8786
    for container in (worker, scheduler):
        parse_for_dask([*container["command"], *arguments(container)])


def parse_for_dask(command: Sequence[str]) -> dict[str, Any]:
    """Let the program of Dask read its command line; return what it has understood."""
    pytest.importorskip("distributed")
    python, option, module, *rest = command
    assert python.rpartition("/")[2].startswith("python")
    assert option == "-m"
    program = runpy.run_module(module)["main"]
    with program.make_context("dask", rest) as context:
        return dict(context.params)


def test_slurm_gets_a_script_that_starts_a_worker_of_dask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell reads it, Dask understands its command; it is asked for as many threads as it is to keep workers."""
    dask = pytest.importorskip("dask")
    handler = signal.getsignal(signal.SIGINT)
    pytest.importorskip("dask_jobqueue")
    signal.signal(signal.SIGINT, handler)  # dask-jobqueue 0.9.0 replaces it; see findings/dask-jobqueue-sigint.sh
    monkeypatch.chdir(tmp_path)
    sample = runpy.run_path(str(FOLDER / "dask_slurm.py"))

    with dask.config.set({"jobqueue.slurm.interface": "lo"}), sample["new_cluster"]() as cluster:
        script, scheduler = cluster.job_script(), cluster.scheduler_address

    tmp_path.joinpath("job").write_text(script, encoding="utf-8")
    check("/bin/bash", "-n", tmp_path / "job")
    (command,) = (line for line in script.splitlines() if "dask_worker" in line)
    params = parse_for_dask(shlex.split(command))
    assert f"#SBATCH --cpus-per-task={sample['WORKERS_A_JOB']}" in script
    assert (params["nthreads"], params["nanny"]) == (sample["WORKERS_A_JOB"], False)
    assert sample["WORKERS"] % sample["WORKERS_A_JOB"] == 0
    engine = scheduler.replace("tcp://", "dask://")
    parse(
        [
            "run",
            "a.csv",
            "-o",
            "b.csv",
            "--ledger",
            LEDGER,
            "--engine",
            engine,
            "--workers",
            str(sample["WORKERS"]),
        ]
    )


def test_systemd_reads_the_unit_of_a_worker(tmp_path: Path) -> None:
    """Its own check is content, with a program in place of ours, which is not installed here."""
    text = UNIT.read_text(encoding="utf-8").replace("/usr/local/bin/provisioner", "/bin/true")
    tmp_path.joinpath(UNIT.name).write_text(text, encoding="utf-8")

    check(tool("systemd-analyze"), "verify", "--man=no", "./provisioner-worker@1.service", cwd=tmp_path)


def test_the_unit_starts_a_worker_again_that_lost_its_lease() -> None:
    """The program understands the command; an exit code of the run is no reason to start another worker."""
    settings = dict(re.findall(r"^(\w+)=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE))
    _program, *words = shlex.split(settings["ExecStart"].replace("${LEDGER}", LEDGER))
    successes, final = (
        {int(code) for code in settings[name].split()}
        for name in ("SuccessExitStatus", "RestartPreventExitStatus")
    )

    parse(words)
    assert settings["Restart"] == "on-failure"
    assert settings["Environment"] == "TWILIO_API_SECRET_FILE=%d/twilio-api-secret"
    assert successes | final | {ExitCode.DONE} == OF_THE_RUN
