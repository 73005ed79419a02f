"""Run a job on a Slurm cluster: workers in Slurm jobs, placed and replaced by Dask. Start it on a login node.

    python dask_slurm.py s3://bucket/customers.csv -o results.csv --key crm_id --ledger "$LEDGER"

All arguments are those of ``provisioner run``; ``LEDGER`` is the address of the database without its password. The
script needs dask-jobqueue (0.9) beside this program's extras ``dask`` and ``postgres``, installed for every node.
Secrets stay on the nodes: ``worker.environment`` in your home folder, which only you can read, exports PGPASSWORD,
TWILIO_ACCOUNT_SID, TWILIO_API_KEY and TWILIO_API_SECRET. The login node needs them, too.
"""

import signal
import subprocess
import sys

from dask_jobqueue import SLURMCluster

WORKERS, WORKERS_A_JOB = 20, 4


def new_cluster() -> SLURMCluster:
    """Return the cluster: a Slurm job is one Dask worker, each of whose threads keeps one worker of the run."""
    return SLURMCluster(
        queue="standard",
        walltime="24:00:00",
        cores=WORKERS_A_JOB,
        processes=1,
        memory="2GB",
        python=sys.executable,
        job_script_prologue=["umask 077", ". ~/worker.environment"],
        nanny=False,
        job_extra_directives=["--no-requeue"],
        # Before Slurm ends the job, its workers finish what is in flight, and give their other rows back.
        worker_extra_args=["--lifetime", "23h50m", "--lifetime-stagger", "5m"],
        log_directory="dask-logs",
    )


def main() -> int:
    """Keep enough Slurm jobs for the workers until the run has ended, and return its exit code.

    Ctrl-C reaches the run, too, which finishes what is in flight. So this process only waits for it; the handler
    that dask-jobqueue installs when it is imported would end it, and the run with it.
    """
    signal.signal(signal.SIGINT, lambda *_: None)
    with new_cluster() as cluster:
        jobs = WORKERS // WORKERS_A_JOB
        cluster.adapt(minimum_jobs=jobs, maximum_jobs=jobs)  # a job that ends is replaced
        engine = cluster.scheduler_address.replace("tcp://", "dask://")
        command = [sys.executable, "-m", "provisioner", "run", *sys.argv[1:]]
        return subprocess.run([*command, "--engine", engine, "--workers", str(WORKERS)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
