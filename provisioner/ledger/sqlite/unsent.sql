-- Jobs of which nothing was sent, whose ledger another job may take.

-- name: is_unsent
-- Whether certainly none of the job's rows exists at Twilio: no row has an outcome or is in flight, and each attempt was
-- refused or not processed. A refusal that leaves its row unsent is about the run, such as that of wrong credentials.
-- A ledger that was rebuilt may not know everything, and one that has runs and no plan is that of close.
SELECT
    NOT EXISTS (SELECT 1 FROM rows WHERE status NOT IN ('pending', 'unsent'))
    AND NOT EXISTS (SELECT 1 FROM attempts WHERE class NOT IN ('not_processed', 'refused') OR may_leave_orphan)
    AND NOT EXISTS (SELECT 1 FROM notes WHERE name = 'rebuilt')
    AND (EXISTS (SELECT 1 FROM manifest WHERE name = 'planned_at') OR NOT EXISTS (SELECT 1 FROM runs));

-- name: has_made_none
-- Whether the job was planned, and certainly none of its rows was created: each was refused, or not processed.
SELECT
    EXISTS (SELECT 1 FROM manifest WHERE name = 'planned_at')
    AND NOT EXISTS (SELECT 1 FROM rows WHERE status NOT IN ('pending', 'unsent', 'rejected'))
    AND NOT EXISTS (SELECT 1 FROM attempts WHERE class NOT IN ('not_processed', 'refused') OR may_leave_orphan)
    AND NOT EXISTS (SELECT 1 FROM notes WHERE name = 'rebuilt');

-- name: forget_problems
-- Delete the job: first what refers to other tables.
DELETE FROM problems;

-- name: forget_invalid
-- Delete the invalid records.
DELETE FROM invalid;

-- name: forget_plan
-- Delete the plan.
DELETE FROM plan;

-- name: forget_rows
-- Delete the rows.
DELETE FROM rows;

-- name: forget_attempts
-- Delete their attempts.
DELETE FROM attempts;

-- name: forget_runs
-- Delete the runs.
DELETE FROM runs;

-- name: forget_sources
-- Delete the input files.
DELETE FROM sources;

-- name: forget_notes
-- Delete the notes, but for those by which the files that the job has written are known.
DELETE FROM notes WHERE name NOT IN ('log', 'output', 'failed');

-- name: forget_manifest
-- Delete what the ledger belongs to.
DELETE FROM manifest;
