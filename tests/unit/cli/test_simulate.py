"""``provisioner simulate``: from its options to its end."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from provisioner.cli.console import Console
from provisioner.cli.main import main
from provisioner.cli.simulate import ACCOUNT_SID, ADDRESS_SID, _warn, settings_of
from provisioner.errors import UsageError
from provisioner.options import SimulateOptions, parse_milliseconds
from provisioner.simulator import FaultName, FaultRule, FaultScript, RunningSimulator, SimulatorSettings
from provisioner.simulator.state import Clock, SimulatorState

Capture = pytest.CaptureFixture[str]


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the real program on a free port."""
    command = [sys.executable, "-m", "provisioner", "simulate", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def create(base_url: str) -> int:
    """Create one WebChat and return the status."""
    form = urlencode({"AddressSid": ADDRESS_SID, "CustomerFriendlyName": "Ada"}).encode()
    login = b64encode(f"{ACCOUNT_SID}:simulated".encode()).decode()
    request = Request(f"{base_url}/v2/WebChats", form, {"Authorization": f"Basic {login}"})  # noqa: S310 - loopback
    with urlopen(request) as answer:  # noqa: S310 - the same
        return int(answer.status)


@pytest.mark.acceptance
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_stop_signal_which_is_its_normal_end(number: signal.Signals) -> None:
    """It says where it listens and what to try, answers, and on either signal counts and ends with 0."""
    with running("--rate-limit", "0") as process:
        assert process.stdout is not None
        announced = [process.stdout.readline() for _ in range(5)]
        found = re.match(r"listening on (http://127\.0\.0\.1:\d+), ", announced[0])
        assert found is not None
        statuses = [create(found[1]) for _ in range(3)]
        process.send_signal(number)
        out, err = process.communicate(timeout=30)

    assert statuses == [201, 201, 201]
    assert announced[1:] == [
        "try in another terminal:\n",
        f"  export TWILIO_ACCOUNT_SID={ACCOUNT_SID} TWILIO_AUTH_TOKEN=simulated\n",
        f"  export PROVISIONER_ADDRESS_SID={ADDRESS_SID}\n",
        f"  provisioner run customers.csv -o results.csv --base-url {found[1]}\n",
    ]
    counts, end = out.splitlines()
    assert counts == "created 3 of 3 WebChats asked for, 0 answers were 429, at most 3 in one second"
    assert re.fullmatch(r"finished in \d+\.\d s", end)
    assert process.returncode == 0
    assert err == ""


@pytest.mark.acceptance
def test_with_json_stdout_holds_the_counts_alone() -> None:
    """Where it listens is told on stderr then; the faults that happened are among the counts."""
    with running("--json", "--fault", "null_sid=100") as process:
        assert process.stderr is not None
        announced = process.stderr.readline()
        create(announced.split()[2].rstrip(","))
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)

    told = json.loads(out)
    assert (told["command"], told["exit_code"], told["outcome"]) == ("simulate", 0, "finished")
    assert told["simulator"]["webchats"] == {"requests": 1, "created": 1, "worst_second": 1}
    assert told["simulator"]["faults"] == {"null_sid": 1}


def test_options_become_the_simulators_settings(tmp_path: Path) -> None:
    """Faults of a file and of flags add up, and a seed of its own wins over the file's."""
    script = tmp_path / "faults.toml"
    script.write_text('seed = 7\n[[fault]]\nname = "stall"\nat = [3]\n')
    options = SimulateOptions(
        rate_limit=9.0, latency="50ms", jitter="0.01s", faults=script, fault=("html_502=2.5%",), seed=8,
        repeated_identity="same", default_service="other", service_sid="IS" + "a" * 32,
    )  # fmt: skip

    settings = settings_of(options)

    assert settings == SimulatorSettings(
        rate_limit=9.0,
        latency_ms=50.0,
        jitter_ms=10.0,
        faults=FaultScript(
            (FaultRule(name=FaultName.STALL, at=frozenset({3})), FaultRule(name=FaultName.HTML_502, percent=2.5)),
            seed=7,
        ),
        seed=8,
        repeated_identity="same",
        default_service="other",
        service_sid="IS" + "a" * 32,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("50", 50), ("50ms", 50), (" 50 MS", 50), ("0.05s", 50), (".5s", 500), ("1.5", 1.5)],
)
def test_a_time_is_milliseconds_or_says_its_unit(text: str, expected: float) -> None:
    """A bare number is milliseconds."""
    assert parse_milliseconds(text, "--latency") == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "-1", "5m", "nan", "1e3", "50 ms ms"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """The message names the flag."""
    with pytest.raises(UsageError, match=r"--latency .* is not a time"):
        parse_milliseconds(text, "--latency")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fault", "stall"], "'stall' is not a fault: write NAME=PERCENT, e.g. stall=2"),
        (["--fault", "stall=60", "--fault", "refuse=60"], "the faults add up to 120 % of the requests"),
        (["--faults", "/missing.toml"], "/missing.toml: cannot be read: No such file or directory"),
        (["--jitter", "5"], "jitter_ms must not exceed latency_ms"),
        (["--latency", "soon"], "--latency 'soon' is not a time"),
        (
            ["--port", "70000"],
            "Invalid value for '--port': 70000 is not a ",
        ),
        (
            ["--host", "192.0.2.1", "--port", "0", "--allow-remote"],
            "port 0 of 192.0.2.1 is not available: cannot assign requested address",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_options_that_make_no_sense_are_usage_errors(capsys: Capture, arguments: list[str], said: str) -> None:
    """Each ends with exit code 2 and a sentence, before anything is served."""
    code = main(["simulate", *arguments])

    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    assert err.startswith(f"error: {said}")


def test_a_port_that_is_taken_is_a_usage_error(capsys: Capture) -> None:
    """The cure names the way to a free one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code = main(["simulate", "--port", str(port)])

    assert code == 2
    assert capsys.readouterr().err == (
        f"error: port {port} of 127.0.0.1 is in use\n  name another --port; 0 takes a free one\n"
    )


@pytest.mark.acceptance
def test_its_own_pages_are_served_where_they_are_asked_for() -> None:
    """Without --inspect they are not there, and where they are is said with it."""
    found = {}
    for flags in ((), ("--inspect",)):
        with running(*flags) as process:
            assert process.stdout is not None
            announced = process.stdout.readline()
            base_url = announced.split()[2].rstrip(",")
            try:
                with urlopen(f"{base_url}/_simulator/state") as answer:  # noqa: S310 - loopback
                    found[flags] = (int(answer.status), announced)
            except HTTPError as error:
                with error:
                    found[flags] = (error.code, announced)

    assert found[()][0] == 404
    assert re.fullmatch(r"listening on \S+, Ctrl-C ends it\n", found[()][1])
    assert found["--inspect",][0] == 200
    assert re.fullmatch(
        r"listening on \S+, counting at \S+/_simulator/state; Ctrl-C ends it\n", found["--inspect",][1]
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "desk.example"])  # noqa: S104 - what is refused
def test_other_machines_are_let_in_on_purpose_only(capsys: Capture, host: str) -> None:
    """A host that is not this machine's own takes a flag, which the cure names."""
    code = main(["simulate", "--host", host, "--port", "0"])

    assert code == 2
    assert capsys.readouterr().err == (
        f"error: --host {host!r} would let other machines in\n  omit it, or add --allow-remote\n"
    )


@pytest.mark.parametrize(
    ("is_inspected", "said"),
    [
        (False, "can use this simulator; nothing is encrypted"),
        (True, "can use this simulator, and read everything that is sent to it; nothing is encrypted"),
    ],
)
def test_where_other_machines_are_let_in_it_is_warned_of(
    capsys: Capture, said: str, *, is_inspected: bool
) -> None:
    """On stderr, before it says where it listens."""
    options = SimulateOptions(host="192.0.2.1", allow_remote=True, inspect=is_inspected)
    clock = Clock(time.time, time.monotonic)
    served = RunningSimulator("http://192.0.2.1:4010", 4010, SimulatorState(SimulatorSettings(), clock))

    _warn(served, options, Console())

    assert capsys.readouterr() == ("", f"warning: whoever reaches http://192.0.2.1:4010 {said}\n")


@pytest.mark.acceptance
def test_on_this_machine_there_is_nothing_to_warn_of() -> None:
    """Nobody else reaches it."""
    with running() as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)

    assert err == ""
