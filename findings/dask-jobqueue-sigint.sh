#!/usr/bin/env bash
# dask-jobqueue 0.9.0: importing it replaces the handler of SIGINT of the whole process.
#
# Importing it is how a program asks for a Slurm or PBS cluster, and a library leaves the handlers of signals to its
# program. A service that drains its work at Ctrl-C, and imports the package after it has set its handler, loses the
# handler without a word: the next SIGINT raises SystemExit without a code in whatever runs then, so a stopped job looks
# like one that has finished.
# Seen: a handler that was set before the import is gone after it; SIGINT ends the process with code 0, and its own
# handler was not called. Importing dask and distributed alone changes nothing.
#
# Exits with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "dask-jobqueue==0.9.0" "distributed==2026.8.0" "dask==2026.8.0"
cat > service.py <<'PYTHON'
import importlib
import signal
import sys


def drain(*_):
    print("drained")
    sys.exit(3)


signal.signal(signal.SIGINT, drain)
for name in sys.argv[1:]:
    importlib.import_module(name)
print("handler kept:", signal.getsignal(signal.SIGINT) is drain, flush=True)
signal.raise_signal(signal.SIGINT)
sys.exit(4)
PYTHON
code_without=0; without=$(venv/bin/python service.py dask distributed) || code_without=$?
code_with=0; with=$(venv/bin/python service.py dask distributed dask_jobqueue) || code_with=$?
venv/bin/pip list --disable-pip-version-check 2>/dev/null | grep -E '^(dask|distributed|dask-jobqueue) '
echo "dask and distributed: $without, exit code $code_without"
echo "and dask_jobqueue:    $with, exit code $code_with"
[ "$without" = "handler kept: True
drained" ] && [ "$code_without" = 3 ] && [ "$with" = "handler kept: False" ] && [ "$code_with" = 0 ]
