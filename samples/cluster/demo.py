"""Run the README's job with two workers that share an embedded PostgreSQL, and kill one of them in the middle.

    python demo.py CUSTOMERS RESULTS

``make demo-cluster`` starts it. Nothing leaves this machine: the simulator answers in place of Twilio.
"""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

WORKERS = 2
BEFORE_KILL_S = 2.0
"""Seconds for which both workers send before one is killed."""


def main(customers: str, results: str) -> int:
    """Run the job, show what it says, and return 0 when every row was created once."""
    program = [sys.executable, "-m", "provisioner"]
    job = ["run", customers, "-o", results, "--key", "crm_id", "--simulate", "--ledger", "embedded"]
    # Rows are looked up after --settle-delay, and absent ones once more: the simulator shows them at once.
    shared = ["--engine", "local", "--workers", str(WORKERS), "--lease", "3s", "--settle-delay", "1"]
    pids: list[int] = []
    with subprocess.Popen([*program, *job, *shared], stderr=subprocess.PIPE, text=True) as run:
        for line in run.stderr or ():
            sys.stderr.write(line)
            if line.startswith("{") and (event := json.loads(line))["event"] == "worker.joined":
                pids.append(event["pid"])
                if len(pids) == WORKERS:
                    time.sleep(BEFORE_KILL_S)
                    os.kill(pids[0], signal.SIGKILL)
                    sys.stderr.write(f"--- killed the worker with process ID {pids[0]}\n")
    subprocess.run([*program, "status", results], check=True)
    with Path(results).open(encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    statuses = Counter(row["status"] for row in rows)
    conversations = {row["conversation_sid"] for row in rows}
    print(f"--- {len(rows)} rows: {dict(statuses)}, in {len(conversations)} conversations")
    return run.returncode or int(statuses.keys() != {"created"} or len(conversations) != len(rows))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
