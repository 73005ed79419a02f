"""Whether a process that was recorded is still there."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.system import processes
from provisioner.system.processes import is_gone, is_suspended, machine_id, process_start


def test_a_process_is_gone_when_it_has_ended() -> None:
    """Also while nobody has waited for it; one that runs is not gone, nor is one of which nothing is known."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        start = process_start(child.pid)
        while_running = is_gone(child.pid, start)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        before_wait = is_gone(child.pid, start)
    assert start
    assert not while_running
    assert before_wait
    assert is_gone(child.pid, start)
    assert not is_gone(child.pid, "")


def test_another_process_of_the_same_number_is_another_one() -> None:
    """The numbers of processes are used again, and then they have started at another time."""
    assert not is_gone(os.getpid(), process_start(os.getpid()))
    assert is_gone(os.getpid(), "1")


def test_a_process_is_suspended_until_it_is_continued() -> None:
    """One that is gone is not suspended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        child.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED)
        while_stopped = is_suspended(child.pid)
        child.send_signal(signal.SIGCONT)
        os.waitid(os.P_PID, child.pid, os.WCONTINUED)
        while_continued = is_suspended(child.pid)
        child.kill()
    assert (while_stopped, while_continued, is_suspended(child.pid)) == (True, False, False)


def test_processes_that_see_each_other_are_on_one_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine is its boot and its namespace of processes; without both of them, no two are the same."""
    program = "from provisioner.system.processes import machine_id; print(machine_id())"
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert child.stdout.strip() == machine_id() != ""
    monkeypatch.setattr(processes, "_PROC", Path("/nowhere"))
    assert machine_id() == ""
    assert process_start(os.getpid()) == ""
