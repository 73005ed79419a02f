-- Statements that open a ledger.

-- name: lock
-- Take the lock of the job until the connection ends; false when another connection has it.
SELECT pg_try_advisory_lock($1);

-- name: is_locked
-- Whether a connection has that lock. Source: PostgreSQL's manual, pg_locks: a key of 64 bits has objsubid 1.
SELECT EXISTS (
    SELECT 1
    FROM pg_locks
    JOIN pg_database ON pg_database.oid = pg_locks.database AND pg_database.datname = current_database()
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
        AND classid::bigint = (($1::bigint >> 32) & 4294967295) AND objid::bigint = ($1::bigint & 4294967295)
);

-- name: last_worker
-- When the last process opened the ledger for writing, without the workers of shared runs.
SELECT started FROM workers WHERE generation IS NULL ORDER BY id DESC LIMIT 1;

-- name: has_schema
-- Whether there is a schema of this name.
SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1);

-- name: count_tables
-- The number of tables, views and sequences in a schema.
SELECT count(*)
FROM pg_class
JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace
WHERE pg_namespace.nspname = $1;

-- name: is_ours
-- Whether the schema has the tables of a ledger, by those that every version has.
SELECT count(*) = 3
FROM pg_class
JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace
WHERE pg_namespace.nspname = $1 AND pg_class.relkind = 'r' AND relname IN ('versions', 'manifest', 'workers');

-- name: may_use
-- Whether this user may look into the schema; otherwise PostgreSQL says that its tables are not there.
SELECT has_schema_privilege($1, 'USAGE');

-- name: version
-- The version of the schema.
SELECT max(version) FROM versions;

-- name: add_version
-- Record that a version of the schema is installed.
INSERT INTO versions (version, program) VALUES ($1, $2);

-- name: add_worker
-- Record a process that writes the ledger.
INSERT INTO workers (started, host, pid, version) VALUES ($1, $2, $3, $4) RETURNING id;

-- name: manifest
-- The job that the ledger belongs to.
SELECT name, value FROM manifest;

-- name: set_manifest
-- Set a value of the manifest.
INSERT INTO manifest (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: is_used
-- Whether the ledger holds a complete plan, a row, a run or a note of one.
SELECT
    EXISTS (SELECT 1 FROM manifest WHERE name = 'planned_at')
    OR EXISTS (SELECT 1 FROM rows)
    OR EXISTS (SELECT 1 FROM runs)
    OR EXISTS (SELECT 1 FROM notes);

-- name: is_unsent
-- Whether certainly none of the job's rows exists at Twilio: no row has an outcome or is in flight, and each attempt
-- was refused or not processed. A ledger that has runs and no plan is that of close.
SELECT
    NOT EXISTS (SELECT 1 FROM attempts WHERE class NOT IN ('not_processed', 'refused') OR may_leave_orphan)
    AND NOT EXISTS (SELECT 1 FROM states WHERE status NOT IN ('pending', 'unsent'))
    AND (EXISTS (SELECT 1 FROM manifest WHERE name = 'planned_at') OR NOT EXISTS (SELECT 1 FROM runs));

-- name: replace_run
-- Let the workers of all runs begin nothing more.
SELECT replace_run();

-- name: forget_job
-- Delete the job, but for the notes by which the files that it has written are known. The next plan is a first one.
DROP INDEX IF EXISTS rows_by_key, plan_by_row;
DELETE FROM problems;
DELETE FROM invalid;
DELETE FROM plan;
DELETE FROM rows;
DELETE FROM intents;
DELETE FROM attempts;
DELETE FROM shards;
DELETE FROM runs;
DELETE FROM sources;
DELETE FROM notes WHERE name NOT IN ('output', 'failed');
DELETE FROM manifest;

-- name: last_worker_id
-- The ID of the process that opened the ledger for writing last, without the workers of shared runs.
SELECT max(id) FROM workers WHERE generation IS NULL;

-- name: end_backend
-- End the connection $2 of this process, if the server still lets it hold the lock.
SELECT pg_terminate_backend(pid, 2000)
FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND pid = $2
    AND classid::bigint = (($1::bigint >> 32) & 4294967295) AND objid::bigint = ($1::bigint & 4294967295);
