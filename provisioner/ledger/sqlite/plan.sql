-- The plan pass: append everything to a staging database, find repeated keys there, then replace the plan.

-- name: stage
-- A private file on disk that goes away when it is detached, and never touches the write-ahead log.
ATTACH DATABASE '' AS staging;

-- name: forget_stage_journal
-- What is staged is redone after a failure, never rolled back.
PRAGMA staging.journal_mode = OFF;

-- name: unstage
-- Give the disk space back.
DETACH DATABASE staging;

-- name: create_entries
-- The input as it comes, in its own order and without an index on its keys: random inserts would cost the most.
-- is_owner marks the one entry that a key's history belongs to.
CREATE TABLE staging.entries (
    row INTEGER PRIMARY KEY,
    line INTEGER NOT NULL,
    source INTEGER NOT NULL,
    key TEXT,
    digest BLOB NOT NULL,
    error_code TEXT,
    error TEXT,
    is_owner INTEGER NOT NULL DEFAULT 1
);

-- name: create_faults
-- The problems of the entries, before it is known which of them matter.
CREATE TABLE staging.faults (
    row INTEGER NOT NULL,
    number INTEGER NOT NULL,
    field TEXT NOT NULL,
    input_column TEXT NOT NULL,
    reason TEXT NOT NULL
);

-- name: stage_valid
-- A record of the input; many are staged at a time, which halves the cost of each.
INSERT INTO staging.entries (row, line, source, key, digest) VALUES (?, ?, ?, ?, ?);

-- name: stage_invalid
-- A record that cannot be sent.
INSERT INTO staging.entries (row, line, source, key, digest, error_code, error)
VALUES (?, ?, ?, ?, ?, 'invalid_row', ?);

-- name: stage_fault
-- One problem of a record.
INSERT INTO staging.faults (row, number, field, input_column, reason) VALUES (?, ?, ?, ?, ?);

-- name: find_repeats
-- One sort over all keys finds those that occur more than once; mostly there are none.
CREATE TABLE staging.repeats AS
SELECT key FROM staging.entries WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1;

-- name: count_repeats
-- Tells whether the ranking is needed at all.
SELECT count(*) FROM staging.repeats;

-- name: rank_repeats
-- Number the occurrences of a repeated key: valid ones first, then in input order. The first is its owner.
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
-- Rows of equal content are rows of their own: the n-th is known by its content and its number.
UPDATE staging.entries SET key = ranked.key || '-' || ranked.nth
FROM staging.ranked
WHERE ranked.row = entries.row AND ranked.nth > 1 AND NOT ranked.is_keyed AND ranked.error_code IS NULL;

-- name: refuse_duplicates
-- A key given twice is a fault of the later rows.
UPDATE staging.entries SET
    error_code = 'duplicate_key',
    error = 'key: the same key as row ' || ranked.first_row || ' (line ' || ranked.first_line || ')'
FROM staging.ranked
WHERE ranked.row = entries.row AND ranked.nth > 1 AND ranked.is_keyed AND ranked.error_code IS NULL;

-- name: explain_duplicates
-- The same as a problem of the row.
INSERT INTO staging.faults (row, number, field, input_column, reason)
SELECT row, 1, 'key', '', 'the same key as row ' || first_row || ' (line ' || first_line || ')'
FROM staging.ranked
WHERE nth > 1 AND is_keyed AND error_code IS NULL;

-- name: disown_repeats
-- Whatever repeats a key and is not valid has no claim to the key's history.
UPDATE staging.entries SET is_owner = 0
WHERE error_code IS NOT NULL AND row IN (SELECT row FROM staging.ranked WHERE nth > 1);

-- name: last_row_id
-- New rows get the ids after this one, in input order, so that neighbours in the input stay neighbours on disk.
SELECT coalesce(max(id), 0) FROM rows;

-- name: clear_plan
-- The old plan goes in the same transaction in which the new one comes.
DELETE FROM plan;

-- name: clear_invalid
-- Invalid records are judged anew each time.
DELETE FROM invalid;

-- name: clear_problems
-- And so are their reasons.
DELETE FROM problems;

-- name: clear_sources
-- The files may be others, too.
DELETE FROM sources;

-- name: plan_entries
-- Tie every entry to the row its key is known by, or to a new one. An invalid entry stands for the row its key
-- is known by only where something was sent for it; otherwise it has no row, and what was known of the key waits.
INSERT INTO plan (row, line, source, row_id, is_valid)
SELECT
    entries.row, entries.line, entries.source,
    CASE
        WHEN rows.id IS NOT NULL THEN rows.id
        WHEN entries.error_code IS NULL THEN :last + entries.row
    END,
    entries.error_code IS NULL
FROM staging.entries
LEFT JOIN rows ON rows.key = entries.key AND entries.is_owner
    AND (entries.error_code IS NULL OR rows.status NOT IN ('pending', 'unsent'))
ORDER BY entries.row;

-- name: count_new
-- How many rows come in, to choose how their keys are indexed.
SELECT count(*) FROM plan WHERE row_id > :last;

-- name: drop_key_index
-- One sorted build is cheaper than many random inserts; the transaction keeps the guard from ever missing.
DROP INDEX rows_by_key;

-- name: add_rows
-- The keys nobody knew yet.
INSERT INTO rows (id, key, digest, status)
SELECT plan.row_id, entries.key, entries.digest, 'pending'
FROM staging.entries
JOIN plan ON plan.row = entries.row
WHERE plan.row_id > :last
ORDER BY entries.row;

-- name: update_digests
-- Known rows ask for what the input says now; what was sent for them is kept beside it where it differs.
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
-- The entries that have no row.
INSERT INTO invalid (row, key, error_code, error)
SELECT entries.row, entries.key, entries.error_code, entries.error
FROM staging.entries
JOIN plan ON plan.row = entries.row
WHERE entries.error_code IS NOT NULL AND plan.row_id IS NULL;

-- name: add_problems
-- Their reasons, and nobody else's.
INSERT INTO problems (row, number, field, input_column, reason)
SELECT faults.row, faults.number, faults.field, faults.input_column, faults.reason
FROM staging.faults
WHERE faults.row IN (SELECT row FROM invalid);

-- name: add_source
-- One input file.
INSERT INTO sources (id, name, size, sha256) VALUES (?, ?, ?, ?);

-- name: count_changed
-- Rows for which something else was sent than the input says now, and sent rows whose record is invalid now.
SELECT count(*)
FROM plan
JOIN rows ON rows.id = plan.row_id
WHERE plan.row_id <= :last AND rows.sent_digest IS NOT NULL AND rows.status NOT IN ('pending', 'unsent');

-- name: count_spoilt
-- The second kind: entries that cannot be sent any more, and were; less those already counted as the first.
SELECT count(*)
FROM staging.entries
JOIN plan ON plan.row = entries.row
JOIN rows ON rows.id = plan.row_id
WHERE entries.error_code IS NOT NULL AND rows.sent_digest IS NULL;

-- name: count_vanished
-- Rows without an entry, less those whose key is still there, in a record that is invalid now.
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
