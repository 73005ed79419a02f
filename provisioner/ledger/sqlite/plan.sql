-- Plan pass: append all records to a staging database, find repeated keys there, then replace the plan.
-- At the end: how a lost ledger is rebuilt from its results file, before that pass.

-- name: stage
-- A temporary database file, which SQLite deletes when it is detached. It does not use the write-ahead log.
ATTACH DATABASE '' AS staging;

-- name: forget_stage_journal
-- No rollback journal: after a failure the staging database is discarded.
PRAGMA staging.journal_mode = OFF;

-- name: unstage
-- Delete the staging database.
DETACH DATABASE staging;

-- name: create_entries
-- The records in input order, without an index on the keys, because inserts into it in random order are slow.
-- is_owner marks the one entry to which the known row of its key belongs.
CREATE TABLE staging.entries (
    row INTEGER PRIMARY KEY,
    line INTEGER NOT NULL,
    source INTEGER NOT NULL,
    key TEXT,
    digest BLOB NOT NULL,
    error_code TEXT,
    error TEXT,
    account INTEGER,
    is_owner INTEGER NOT NULL DEFAULT 1
);

-- name: create_faults
-- The problems of all invalid entries; add_problems keeps those that are needed.
CREATE TABLE staging.faults (
    row INTEGER NOT NULL,
    number INTEGER NOT NULL,
    field TEXT NOT NULL,
    input_column TEXT NOT NULL,
    reason TEXT NOT NULL
);

-- name: accounts
-- The accounts that are known.
SELECT sid, id FROM accounts;

-- name: add_account
-- Add an account of this SID.
INSERT INTO accounts (sid) VALUES (?) RETURNING id;

-- name: stage_valid
-- Stage a valid record; many are staged per statement, which halves the cost of each.
INSERT INTO staging.entries (row, line, source, key, digest) VALUES (?, ?, ?, ?, ?);

-- name: plan_new
-- In a ledger without rows: plan consecutive valid records of one source from row ?1 on, without staging them; ?3 is a JSON
-- array of their lines. The row of each gets its number as row ID. Binding one array costs half of binding each value.
INSERT INTO plan (row, line, source, row_id, is_valid)
SELECT ?1 + key, value, ?2, ?1 + key, 1 FROM json_each(?3);

-- name: add_new
-- Add the rows of such records; ?2 are their digests, 16 bytes each, and ?3 is a JSON array of their keys, which have
-- no NUL characters: SQLite would end the key there.
INSERT INTO rows (id, key, digest, status)
SELECT ?1 + key, value, substr(?2, 16 * key + 1, 16), 'pending' FROM json_each(?3);

-- name: set_row_account
-- Set the account of such a row. Jobs for one account, which are most, do without.
UPDATE rows SET account = ? WHERE id = ?;

-- name: set_planned_account
-- Set the account of its record.
UPDATE plan SET account = ? WHERE row = ?;

-- name: plan_invalid
-- Plan the staged entries when no key is repeated; only the invalid ones are staged.
INSERT INTO plan (row, line, source, row_id, is_valid, account)
SELECT row, line, source, NULL, 0, account FROM staging.entries;

-- name: stage_planned
-- Stage the valid records after all, because keys are repeated.
INSERT INTO staging.entries (row, line, source, key, digest, account)
SELECT plan.row, plan.line, plan.source, rows.key, rows.digest, rows.account
FROM plan
JOIN rows ON rows.id = plan.row_id
ORDER BY plan.row;

-- name: clear_rows
-- Delete the rows that were added before it was known that keys are repeated.
DELETE FROM rows;

-- name: stage_invalid
-- Add a record that cannot be sent.
INSERT INTO staging.entries (row, line, source, key, digest, error_code, error)
VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: set_staged_account
-- Set the account of a staged record.
UPDATE staging.entries SET account = ? WHERE row = ?;

-- name: stage_fault
-- Add one problem of a record.
INSERT INTO staging.faults (row, number, field, input_column, reason) VALUES (?, ?, ?, ?, ?);

-- name: find_repeats
-- Find the keys that occur more than once, by one sort of all keys.
CREATE TABLE staging.repeats AS
SELECT key FROM staging.entries WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1;

-- name: count_repeats
-- Number of repeated keys; when it is 0, the ranking is not needed.
SELECT count(*) FROM staging.repeats;

-- name: rank_repeats
-- Number the records that share a key: valid ones first, then in input order. The first one is the owner.
CREATE TABLE staging.ranked AS
SELECT
    row, key, error_code,
    key <> lower(hex(digest)) AS is_keyed,
    row_number() OVER occurrences AS nth,
    first_value(row) OVER occurrences AS first_row,
    first_value(line) OVER occurrences AS first_line
FROM staging.entries
WHERE key IN (SELECT key FROM staging.repeats)
WINDOW occurrences AS (PARTITION BY key ORDER BY error_code IS NOT NULL, row);

-- name: number_equal_content
-- Records without key columns may be equal: the n-th gets the key <digest>-<n>.
UPDATE staging.entries SET key = ranked.key || '-' || ranked.nth
FROM staging.ranked
WHERE ranked.row = entries.row AND ranked.nth > 1 AND NOT ranked.is_keyed AND ranked.error_code IS NULL;

-- name: refuse_duplicates
-- When key columns give the same key twice, the later records are invalid.
UPDATE staging.entries SET
    error_code = 'duplicate_key',
    error = 'key: the same key as row ' || ranked.first_row || ' (line ' || ranked.first_line || ')'
FROM staging.ranked
WHERE ranked.row = entries.row AND ranked.nth > 1 AND ranked.is_keyed AND ranked.error_code IS NULL;

-- name: explain_duplicates
-- Add the same error as a problem of the record.
INSERT INTO staging.faults (row, number, field, input_column, reason)
SELECT row, 1, 'key', '', 'the same key as row ' || first_row || ' (line ' || first_line || ')'
FROM staging.ranked
WHERE nth > 1 AND is_keyed AND error_code IS NULL;

-- name: disown_repeats
-- An invalid record that repeats a key does not own the known row of the key.
UPDATE staging.entries SET is_owner = 0
WHERE error_code IS NOT NULL AND row IN (SELECT row FROM staging.ranked WHERE nth > 1);

-- name: last_row_id
-- Largest row ID. New rows get the IDs after it, in input order, so that adjacent records are adjacent on disk.
SELECT coalesce(max(id), 0) FROM rows;

-- name: clear_plan
-- Delete the old plan, in the transaction that writes the new one.
DELETE FROM plan;

-- name: clear_invalid
-- Delete the invalid records of the old plan.
DELETE FROM invalid;

-- name: clear_problems
-- Delete their problems.
DELETE FROM problems;

-- name: clear_sources
-- Delete the input files of the old plan.
DELETE FROM sources;

-- name: plan_entries
-- Connect every entry with the known row of its key, or with a new row. An invalid entry is connected with the known
-- row only when a request was sent for that row; otherwise the entry has no row, and the known row is not planned.
INSERT INTO plan (row, line, source, row_id, is_valid, account)
SELECT
    entries.row, entries.line, entries.source,
    CASE
        WHEN rows.id IS NOT NULL THEN rows.id
        WHEN entries.error_code IS NULL THEN :last + entries.row
    END,
    entries.error_code IS NULL, entries.account
FROM staging.entries
LEFT JOIN rows ON rows.key = entries.key AND entries.is_owner
    AND (entries.error_code IS NULL OR rows.status NOT IN ('pending', 'unsent'))
ORDER BY entries.row;

-- name: count_new
-- Number of new rows, which decides how their keys are indexed.
SELECT count(*) FROM plan WHERE row_id > :last;

-- name: drop_key_index
-- Drop the index before many inserts: building it once is faster. No commit happens without the index.
DROP INDEX rows_by_key;

-- name: add_rows
-- Add the rows whose keys are new.
INSERT INTO rows (id, key, digest, status, account)
SELECT plan.row_id, entries.key, entries.digest, 'pending', entries.account
FROM staging.entries
JOIN plan ON plan.row = entries.row
WHERE plan.row_id > :last
ORDER BY entries.row;

-- name: update_digests
-- Set the digests of known rows to those of the current input; sent_digest keeps the digest of what was sent.
UPDATE rows SET
    sent_digest = CASE
        WHEN status NOT IN ('pending', 'unsent') THEN nullif(coalesce(rows.sent_digest, rows.digest), now.digest)
    END,
    digest = now.digest
FROM (
    SELECT plan.row_id AS row_id, entries.digest AS digest
    FROM staging.entries
    JOIN plan ON plan.row = entries.row
    WHERE plan.row_id <= :last AND entries.error_code IS NULL
) AS now
WHERE rows.id = now.row_id AND rows.digest <> now.digest;

-- name: add_invalid
-- Add the invalid entries that have no row.
INSERT INTO invalid (row, key, error_code, error)
SELECT entries.row, entries.key, entries.error_code, entries.error
FROM staging.entries
JOIN plan ON plan.row = entries.row
WHERE entries.error_code IS NOT NULL AND plan.row_id IS NULL;

-- name: add_problems
-- Add the problems of those entries only.
INSERT INTO problems (row, number, field, input_column, reason)
SELECT faults.row, faults.number, faults.field, faults.input_column, faults.reason
FROM staging.faults
WHERE faults.row IN (SELECT row FROM invalid);

-- name: add_source
-- Add an input file.
INSERT INTO sources (id, name, size, sha256) VALUES (?, ?, ?, ?);

-- name: count_rows
-- Number of rows, which are all pending after the first plan.
SELECT count(*) FROM rows;

-- name: count_invalid
-- Number of records without a row.
SELECT count(*) FROM invalid;

-- name: count_changed
-- Number of sent rows whose record has changed since. PlanReport.changed is the sum with count_spoilt.
SELECT count(*)
FROM plan
JOIN rows ON rows.id = plan.row_id
WHERE plan.row_id <= :last AND rows.sent_digest IS NOT NULL AND rows.status NOT IN ('pending', 'unsent');

-- name: count_spoilt
-- Number of sent rows whose record is invalid now, without those that count_changed includes.
SELECT count(*)
FROM staging.entries
JOIN plan ON plan.row = entries.row
JOIN rows ON rows.id = plan.row_id
WHERE entries.error_code IS NOT NULL AND rows.sent_digest IS NULL;

-- name: count_vanished
-- Number of rows that are no longer in the input, without those whose key is that of an invalid record.
SELECT
    (SELECT count(*) FROM rows)
    - (SELECT count(row_id) FROM plan)
    - (
        SELECT count(*)
        FROM staging.entries
        JOIN plan ON plan.row = entries.row
        JOIN rows ON rows.key = entries.key
        WHERE entries.error_code IS NOT NULL AND entries.is_owner AND plan.row_id IS NULL
    );

-- name: disown_results
-- The results that were written last are of the plan before.
UPDATE notes SET value = '' WHERE name = 'results';

-- name: files
-- The files of the connection; the ledger's is the one called main.
PRAGMA database_list;

-- name: last_planned_row
-- The number of records in the plan: they are numbered from 1.
SELECT coalesce(max(row), 0) FROM plan;

-- name: count_all_outcomes
-- The rows with an outcome, in the plan or not.
SELECT count(*) FROM rows WHERE status IN ('created', 'rejected', 'unknown', 'in_flight');

-- name: earlier_keys
-- The first rows with an outcome of the plan that is there, before another one takes its place.
SELECT substr(rows.key, 1, 32767)
FROM plan
JOIN rows ON rows.id = plan.row_id
WHERE rows.status IN ('created', 'rejected', 'unknown', 'in_flight')
ORDER BY plan.row
LIMIT ?;

-- name: new_keys
-- The first rows of the plan that nothing was ever sent for.
SELECT substr(rows.key, 1, 32767)
FROM plan
JOIN rows ON rows.id = plan.row_id
WHERE rows.status IN ('pending', 'unsent')
ORDER BY plan.row
LIMIT ?;

-- name: moved_keys
-- Rows of one account that were created, or perhaps were, and are no longer planned, with the records that have their
-- key in another account, or in none, and are to be sent there or are invalid; at the end the number of these pairs. A
-- key has the SID of its account before the first '|', nothing for none. Jobs for one account have none of these.
WITH lost AS MATERIALIZED (
    SELECT key, substr(key, instr(key, '|')) AS own
    FROM rows
    WHERE account IS NOT NULL AND instr(key, '|') AND status IN ('created', 'unknown', 'in_flight')
        AND id NOT IN (SELECT row_id FROM plan WHERE row_id IS NOT NULL)
),
planned AS MATERIALIZED (
    SELECT plan.row, rows.key, substr(rows.key, instr(rows.key, '|')) AS own
    FROM plan
    JOIN rows ON rows.id = plan.row_id
    WHERE rows.account IS NOT NULL AND rows.status IN ('pending', 'unsent') AND EXISTS (SELECT 1 FROM lost)
    UNION ALL
    SELECT row, key, substr(key, instr(key, '|')) FROM invalid WHERE EXISTS (SELECT 1 FROM lost)
)
SELECT substr(lost.key, 1, 32767), substr(planned.key, 1, 32767), count(*) OVER ()
FROM planned
JOIN lost ON lost.own = planned.own AND lost.key <> planned.key
ORDER BY planned.row
LIMIT ?;

-- name: count_first_uses
-- How many rows with an outcome are in the plan, and how many there are, without the further uses of a record:
-- those have the key of the first one and '#2', or, where the content is the key, '-2'.
SELECT count(planned.row_id), count(*)
FROM rows
LEFT JOIN (SELECT DISTINCT row_id FROM plan WHERE row_id IS NOT NULL) AS planned ON planned.row_id = rows.id
WHERE rows.status IN ('created', 'rejected', 'unknown', 'in_flight')
    AND NOT EXISTS (
        SELECT 1
        FROM rows AS firsts
        WHERE rtrim(rows.key, '0123456789') <> rows.key
            AND firsts.key = substr(rtrim(rows.key, '0123456789'), 1, length(rtrim(rows.key, '0123456789')) - 1)
            AND (
                rtrim(rows.key, '0123456789') = firsts.key || '#'
                OR (rtrim(rows.key, '0123456789') = firsts.key || '-' AND firsts.key = lower(hex(firsts.digest)))
            )
    );

-- name: create_places
-- Where the rows stood in the input of the results, and the keys of the invalid ones. Not part of the ledger.
CREATE TEMP TABLE places (row INTEGER PRIMARY KEY, row_id INTEGER, invalid_key TEXT);

-- name: add_place
-- One of them; an invalid row has no row ID.
INSERT INTO places (row, row_id, invalid_key) VALUES (?, ?, ?);

-- name: missing_place
-- The first row number that the results lack, none when they are complete.
SELECT expected
FROM (SELECT row, row_number() OVER (ORDER BY row) AS expected FROM temp.places)
WHERE row <> expected
LIMIT 1;

-- name: add_rebuilt_row
-- A row as the results have it. What was sent for it is not known, so its digest is that of nothing.
INSERT INTO rows (
    id, key, digest, status, asked_identity, attempts, last_attempt, message, last_message, settings
)
VALUES (?, ?, zeroblob(16), ?, ?, ?, ?, ?, ?, ?);

-- name: add_rebuilt_attempt
-- The request that decided a row's status, or that of its message: of no run, by which one of a ledger that is lost is known.
INSERT INTO attempts (
    id, row_id, step, number, class, sent, ended, http_status, error_code, error, conversation_sid, identity,
    twilio_request_id, message_sid
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: forget_digests
-- Whether the input has changed since the rows were sent cannot be said.
UPDATE rows SET sent_digest = NULL WHERE sent_digest IS NOT NULL;

-- name: count_outcomes
-- The rows with an outcome, and how many of them are in the input.
SELECT count(*), count(planned.row_id)
FROM rows
LEFT JOIN (SELECT DISTINCT row_id FROM plan WHERE row_id IS NOT NULL) AS planned ON planned.row_id = rows.id
WHERE rows.status IN ('created', 'rejected', 'unknown');

-- name: missing_keys
-- The first rows with an outcome that are not in the input.
SELECT substr(key, 1, 32767)
FROM rows
WHERE status IN ('created', 'rejected', 'unknown') AND id NOT IN (SELECT row_id FROM plan WHERE row_id IS NOT NULL)
ORDER BY id
LIMIT ?;

-- name: count_added
-- How many rows of the input the results do not have, not even as invalid ones, and the number of the first.
SELECT count(*), coalesce(min(plan.row), 0)
FROM plan
JOIN rows ON rows.id = plan.row_id
WHERE rows.id > ? AND rows.key NOT IN (SELECT invalid_key FROM temp.places WHERE invalid_key IS NOT NULL);

-- name: added_keys
-- The keys of the first of them.
SELECT substr(rows.key, 1, 32767)
FROM plan
JOIN rows ON rows.id = plan.row_id
WHERE rows.id > ? AND rows.key NOT IN (SELECT invalid_key FROM temp.places WHERE invalid_key IS NOT NULL)
ORDER BY plan.row
LIMIT ?;
