-- Search for keys that were written differently; keys that are longer than a spreadsheet's numbers are not looked at.

-- name: last_ids
-- The largest ID of an attempt and of a row.
SELECT (SELECT coalesce(max(id), 0) FROM attempts), (SELECT coalesce(max(id), 0) FROM rows);

-- name: spread_rows
-- Rows at equal distances from ID :first to ID :last.
WITH RECURSIVE places (id) AS (
    SELECT :first WHERE :first <= :last
    UNION ALL
    SELECT id + :step FROM places WHERE id + :step <= :last
)
SELECT rows.id, substr(rows.key, 1, 65), rows.status
FROM places
JOIN rows ON rows.id = (SELECT id FROM rows AS next WHERE next.id >= places.id ORDER BY next.id LIMIT 1);

-- name: spread_sent
-- The rows of attempts at equal distances.
WITH RECURSIVE places (id) AS (
    SELECT :first WHERE :first <= :last
    UNION ALL
    SELECT id + :step FROM places WHERE id + :step <= :last
)
SELECT rows.id, substr(rows.key, 1, 65), rows.status
FROM places
JOIN attempts ON attempts.id = (SELECT id FROM attempts AS next WHERE next.id >= places.id ORDER BY next.id LIMIT 1)
JOIN rows ON rows.id = attempts.row_id;

-- name: zeros
-- The first keys that begin with a zero, in the order of the keys.
SELECT id, substr(key, 1, 65), status FROM rows WHERE key >= '0' AND key < '1' ORDER BY key LIMIT :limit;

-- name: rows_of_keys
-- The rows of some keys, each behind its number: the parameter is a JSON array of pairs [key, number].
SELECT json_extract(sought.value, '$[1]'), rows.id, rows.key, rows.status
FROM json_each(?) AS sought
JOIN rows ON rows.key = json_extract(sought.value, '$[0]');

-- name: still_planned
-- Those of some row IDs, a JSON array, that are in the plan.
SELECT row_id FROM plan WHERE row_id IN (SELECT value FROM json_each(?));
