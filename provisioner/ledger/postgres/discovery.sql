-- Statements that look into the other jobs of a database.

-- name: schemas
-- The schemas of jobs that this user may read, without one of them, the newest first.
SELECT nspname
FROM pg_namespace
JOIN pg_class ON pg_class.relnamespace = pg_namespace.oid AND relname = 'sources' AND relkind = 'r'
WHERE starts_with(nspname, $1) AND nspname <> $2 AND nspname !~ '"'
    AND has_schema_privilege(pg_namespace.oid, 'USAGE') AND has_table_privilege(pg_class.oid, 'SELECT')
ORDER BY pg_namespace.oid DESC
LIMIT $3;

-- name: has_planned
-- Whether the last plan of a job has a file with one of these hashes.
SELECT EXISTS (SELECT 1 FROM "{schema}".sources WHERE sha256 = ANY ($1::text[]));
