-- Search for keys that were written differently; keys that are longer than a spreadsheet's numbers are not looked at.

-- name: last_ids
-- The largest ID of an attempt and of a row.
SELECT (SELECT coalesce(max(id), 0) FROM attempts), (SELECT coalesce(max(id), 0) FROM rows);

-- name: spread_rows
-- Rows at equal distances from ID $1 to ID $2.
SELECT states.id, left(states.key, 65), states.status
FROM generate_series($1::bigint, $2::bigint, $3::bigint) AS places (id)
CROSS JOIN LATERAL (SELECT rows.id FROM rows WHERE rows.id >= places.id ORDER BY rows.id LIMIT 1) AS near
CROSS JOIN LATERAL (SELECT * FROM states WHERE states.id = near.id) AS states;

-- name: spread_sent
-- The rows of attempts at equal distances.
SELECT states.id, left(states.key, 65), states.status
FROM generate_series($1::bigint, $2::bigint, $3::bigint) AS places (id)
CROSS JOIN LATERAL (
    SELECT attempts.row_id FROM attempts WHERE attempts.id >= places.id ORDER BY attempts.id LIMIT 1
) AS near
CROSS JOIN LATERAL (SELECT * FROM states WHERE states.id = near.row_id) AS states;

-- name: zeros
-- The first keys that begin with a zero, in the order of the keys.
SELECT states.id, left(states.key, 65), states.status
FROM (SELECT id FROM rows WHERE key >= '0' AND key < '1' ORDER BY key LIMIT $1) AS zeros
CROSS JOIN LATERAL (SELECT * FROM states WHERE states.id = zeros.id) AS states;

-- name: rows_of_keys
-- The rows of some keys, each behind its number.
SELECT sought.number, states.id, states.key, states.status
FROM unnest($1::text[], $2::bigint[]) AS sought (key, number)
CROSS JOIN LATERAL (SELECT * FROM states WHERE states.key = sought.key) AS states;

-- name: still_planned
-- Those of some row IDs that are in the plan.
SELECT row_id FROM plan WHERE row_id = ANY ($1::bigint[]);
