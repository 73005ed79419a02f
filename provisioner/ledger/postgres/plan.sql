-- Plan pass: the first one copies all records straight into the tables; every other one copies them into temporary
-- tables, finds repeated keys there, and replaces the plan.

-- name: lacks_index
-- Whether the keys are not indexed. That is so before the first plan: no key is known, and the tables are empty.
SELECT to_regclass('rows_by_key') IS NULL;

-- name: settle_first_repeats
-- The same as find_repeats and rank_repeats, where the records have rows already. The ID of a row is the number of its
-- record.
CREATE TEMPORARY TABLE ranked ON COMMIT DROP AS
SELECT
    rows.id AS row, rows.key,
    rows.key <> encode(rows.digest, 'hex') AS is_keyed,
    row_number() OVER occurrences AS nth,
    first_value(plan.row) OVER occurrences AS first_row,
    first_value(plan.line) OVER occurrences AS first_line
FROM rows
JOIN plan ON plan.row = rows.id
WHERE rows.key IN (SELECT key FROM rows GROUP BY key HAVING count(*) > 1)
WINDOW occurrences AS (PARTITION BY rows.key ORDER BY rows.id);
UPDATE rows SET key = ranked.key || '-' || ranked.nth
FROM ranked
WHERE ranked.row = rows.id AND ranked.nth > 1 AND NOT ranked.is_keyed;
DELETE FROM ranked WHERE nth = 1 OR NOT is_keyed;
INSERT INTO problems (row, number, field, input_column, reason)
SELECT row, 1, 'key', '', 'the same key as row ' || first_row || ' (line ' || first_line || ')'
FROM ranked;
INSERT INTO invalid (row, key, error_code, error)
SELECT row, key, 'duplicate_key', 'key: the same key as row ' || first_row || ' (line ' || first_line || ')'
FROM ranked;
UPDATE plan SET row_id = NULL, is_valid = false FROM ranked WHERE ranked.row = plan.row;
DELETE FROM rows USING ranked WHERE ranked.row = rows.id;

-- name: index_keys
-- Index the keys, unless some are repeated: to sort all of them costs less than to insert one after the other. The
-- block keeps the repeated key, which the error names, out of the server's log.
DO $block$
BEGIN
    CREATE UNIQUE INDEX rows_by_key ON rows (key);
EXCEPTION WHEN unique_violation THEN
    NULL;
END
$block$;

-- name: add_indexes
-- Index keys and entries; the unique index is why no row is created twice.
CREATE UNIQUE INDEX IF NOT EXISTS rows_by_key ON rows (key);
CREATE INDEX IF NOT EXISTS plan_by_row ON plan (row_id);

-- name: stage
-- The records in input order, and the problems of the invalid ones. is_owner marks the one entry to which the known row
-- of its key belongs.
CREATE TEMPORARY TABLE entries (
    row bigint NOT NULL,
    line bigint NOT NULL,
    source integer NOT NULL,
    key text,
    digest bytea NOT NULL,
    error_code text,
    error text,
    account integer,
    is_owner boolean NOT NULL DEFAULT true
) ON COMMIT DROP;
CREATE TEMPORARY TABLE faults (
    row bigint NOT NULL,
    number integer NOT NULL,
    field text NOT NULL,
    input_column text NOT NULL,
    reason text NOT NULL
) ON COMMIT DROP;

-- name: accounts
-- The accounts that are known.
SELECT sid, id FROM accounts;

-- name: add_account
-- Add an account of this SID.
INSERT INTO accounts (sid) VALUES ($1) RETURNING id;

-- name: find_repeats
-- The records that share a key: valid ones first, then in input order. The first one is the owner.
CREATE TEMPORARY TABLE ranked ON COMMIT DROP AS
SELECT
    row, key, error_code,
    key <> encode(digest, 'hex') AS is_keyed,
    row_number() OVER occurrences AS nth,
    first_value(row) OVER occurrences AS first_row,
    first_value(line) OVER occurrences AS first_line
FROM entries
WHERE key IN (SELECT key FROM entries WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1)
WINDOW occurrences AS (PARTITION BY key ORDER BY error_code IS NOT NULL, row);

-- name: has_repeats
-- Whether any records share a key.
SELECT EXISTS (SELECT 1 FROM ranked);

-- name: rank_repeats
-- Records without key columns may be equal: the n-th gets the key <digest>-<n>. When key columns give the same key
-- twice, the later records are invalid. An invalid record that repeats a key does not own the known row of the key.
UPDATE entries SET key = ranked.key || '-' || ranked.nth
FROM ranked
WHERE ranked.row = entries.row AND ranked.nth > 1 AND NOT ranked.is_keyed AND ranked.error_code IS NULL;
INSERT INTO faults (row, number, field, input_column, reason)
SELECT row, 1, 'key', '', 'the same key as row ' || first_row || ' (line ' || first_line || ')'
FROM ranked
WHERE nth > 1 AND is_keyed AND error_code IS NULL;
UPDATE entries SET
    error_code = 'duplicate_key',
    error = 'key: the same key as row ' || ranked.first_row || ' (line ' || ranked.first_line || ')'
FROM ranked
WHERE ranked.row = entries.row AND ranked.nth > 1 AND ranked.is_keyed AND ranked.error_code IS NULL;
UPDATE entries SET is_owner = false
WHERE error_code IS NOT NULL AND row IN (SELECT row FROM ranked WHERE nth > 1);

-- name: last_row_id
-- Largest row ID. New rows get the IDs after it, in input order.
SELECT coalesce(max(id), 0) FROM rows;

-- name: clear
-- Delete what is written anew of the old plan, in the transaction that writes the new one.
DELETE FROM invalid;
DELETE FROM problems;
DELETE FROM sources;

-- name: add_source
-- Add an input file.
INSERT INTO sources (id, name, size, sha256) VALUES ($1, $2, $3, $4);

-- name: plan_entries
-- Connect every entry with the known row of its key, or with a new row. An invalid entry is connected with the known
-- row only when a request was sent for that row; otherwise the entry has no row, and the known row is not planned.
CREATE TEMPORARY TABLE planned ON COMMIT DROP AS
SELECT
    entries.row, entries.line, entries.source,
    CASE
        WHEN rows.id IS NULL THEN CASE WHEN entries.error_code IS NULL THEN $1::bigint + entries.row END
        WHEN entries.error_code IS NULL THEN rows.id
        WHEN (SELECT status FROM states WHERE states.id = rows.id) NOT IN ('pending', 'unsent') THEN rows.id
    END AS row_id,
    entries.error_code IS NULL AS is_valid, entries.account
FROM entries
LEFT JOIN rows ON rows.key = entries.key AND entries.is_owner
ORDER BY entries.row;

-- name: replace_plan
-- Write the entries that are not in the old plan as they are now; most inputs differ little from those before.
ANALYZE planned;
DELETE FROM plan
WHERE NOT EXISTS (
    SELECT 1
    FROM planned
    WHERE planned.row = plan.row AND planned.line = plan.line AND planned.source = plan.source
        AND coalesce(planned.row_id, 0) = coalesce(plan.row_id, 0) AND planned.is_valid = plan.is_valid
        AND coalesce(planned.account, 0) = coalesce(plan.account, 0)
);
INSERT INTO plan (row, line, source, row_id, is_valid, account)
SELECT row, line, source, row_id, is_valid, account
FROM planned
WHERE NOT EXISTS (SELECT 1 FROM plan WHERE plan.row = planned.row)
ORDER BY row;

-- name: add_rows
-- Add the rows whose keys are new.
INSERT INTO rows (id, key, digest, account)
SELECT plan.row_id, entries.key, entries.digest, entries.account
FROM entries
JOIN plan ON plan.row = entries.row
WHERE plan.row_id > $1
ORDER BY entries.row;

-- name: update_digests
-- Set the digests of known rows to those of the current input; each intent has the digest of what was sent.
UPDATE rows SET digest = entries.digest
FROM entries
JOIN plan ON plan.row = entries.row
WHERE rows.id = plan.row_id AND plan.row_id <= $1 AND entries.error_code IS NULL AND rows.digest <> entries.digest;

-- name: add_invalid
-- Add the invalid entries that have no row.
INSERT INTO invalid (row, key, error_code, error)
SELECT entries.row, entries.key, entries.error_code, entries.error
FROM entries
JOIN plan ON plan.row = entries.row
WHERE entries.error_code IS NOT NULL AND plan.row_id IS NULL;
INSERT INTO problems (row, number, field, input_column, reason)
SELECT faults.row, faults.number, faults.field, faults.input_column, faults.reason
FROM faults
WHERE faults.row IN (SELECT row FROM invalid);

-- name: complete
-- Complete the plan. The results that were written last are of the plan before.
INSERT INTO manifest (name, value) VALUES ('planned_at', extract(epoch FROM clock_timestamp())::text)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;
UPDATE notes SET value = '' WHERE name = 'results';

-- name: analyze
-- Tell the planner how large the tables are.
ANALYZE plan;
ANALYZE rows;
ANALYZE intents;
ANALYZE attempts;

-- name: count_changed
-- Number of sent rows whose record has changed since, or is invalid now.
SELECT count(*)
FROM plan
JOIN all_states AS states ON states.id = plan.row_id
WHERE plan.row_id <= $1 AND states.status NOT IN ('pending', 'unsent') AND (NOT plan.is_valid OR states.is_changed);

-- name: count_vanished
-- Number of rows that are no longer in the input, without those whose key is that of an invalid record.
SELECT
    (SELECT count(*) FROM rows)
    - (SELECT count(row_id) FROM plan)
    - (
        SELECT count(*)
        FROM entries
        JOIN plan ON plan.row = entries.row
        JOIN rows ON rows.key = entries.key
        WHERE entries.error_code IS NOT NULL AND entries.is_owner AND plan.row_id IS NULL
    );

-- name: earlier_keys
-- The first rows of the plan with an outcome.
SELECT left(states.key, 32767)
FROM plan
JOIN all_states AS states ON states.id = plan.row_id
WHERE states.status IN ('created', 'rejected', 'unknown', 'in_flight')
ORDER BY plan.row
LIMIT $1;

-- name: new_keys
-- The first rows of the plan that nothing was ever sent for.
SELECT left(states.key, 32767)
FROM plan
JOIN all_states AS states ON states.id = plan.row_id
WHERE states.status IN ('pending', 'unsent')
ORDER BY plan.row
LIMIT $1;

-- name: moved_keys
-- Rows of one account that were created, or perhaps were, and are no longer planned, with the records that have their
-- key in another account, or in none, and are to be sent there or are invalid; at the end the number of these pairs. A
-- key has the SID of its account before the first '|', nothing for none. Jobs for one account have none of these.
WITH lost AS MATERIALIZED (
    SELECT states.key, substr(states.key, strpos(states.key, '|')) AS own
    FROM all_states AS states
    JOIN rows ON rows.id = states.id
    WHERE rows.account IS NOT NULL AND strpos(states.key, '|') > 0
        AND states.status IN ('created', 'unknown', 'in_flight')
        AND NOT EXISTS (SELECT 1 FROM plan WHERE plan.row_id = states.id)
),
planned AS MATERIALIZED (
    SELECT plan.row, states.key, substr(states.key, strpos(states.key, '|')) AS own
    FROM plan
    JOIN all_states AS states ON states.id = plan.row_id
    WHERE plan.account IS NOT NULL AND states.status IN ('pending', 'unsent') AND EXISTS (SELECT 1 FROM lost)
    UNION ALL
    SELECT row, key, substr(key, strpos(key, '|')) FROM invalid WHERE EXISTS (SELECT 1 FROM lost)
)
SELECT left(lost.key, 32767), left(planned.key, 32767), count(*) OVER ()
FROM planned
JOIN lost ON lost.own = planned.own AND lost.key <> planned.key
ORDER BY planned.row
LIMIT $1;

-- name: count_first_uses
-- How many rows with an outcome are in the plan, and how many there are, without the further uses of a record: those
-- have the key of the first one and '#2', or, where the content is the key, '-2'.
SELECT count(*) FILTER (WHERE is_planned), count(*)
FROM (
    SELECT
        EXISTS (SELECT 1 FROM plan WHERE plan.row_id = states.id) AS is_planned, states.key,
        rtrim(states.key, '0123456789') AS head
    FROM all_states AS states
    WHERE states.status IN ('created', 'rejected', 'unknown', 'in_flight')
) AS used
WHERE NOT EXISTS (
    SELECT 1
    FROM rows AS firsts
    WHERE used.head <> used.key AND firsts.key = left(used.head, -1) AND (
        used.head = firsts.key || '#' OR (used.head = firsts.key || '-' AND firsts.key = encode(firsts.digest, 'hex'))
    )
);
