-- Statements of the coordinator and of the workers of a shared run.

-- name: begin
-- Begin a shared run; return the number of its rows.
SELECT begin_run($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: current
-- The generation of the current run, and how it ended.
SELECT generation, ended FROM shared_runs ORDER BY generation DESC LIMIT 1;

-- name: join
-- Record a worker of the current run, unless that was replaced; return its ID, the generation, the run and the spec.
WITH current AS (
    SELECT generation, run, spec, lease_s
    FROM shared_runs
    WHERE generation = (SELECT max(generation) FROM shared_runs) AND NOT is_replaced
    FOR SHARE
), joined AS (
    INSERT INTO workers (started, host, pid, version, machine, process_start, generation, lease_until)
    SELECT $1, $2, $3, $4, $5, $6, generation, clock_timestamp() + make_interval(secs => lease_s) FROM current
    RETURNING id
)
SELECT joined.id, current.generation, current.run, current.spec FROM joined, current;

-- name: beat
-- Renew a lease and store figures, unless the worker was fenced. Returned are whether it is live, whether its run was
-- replaced, how the run ended, how many rows failed at the others, whether another worker's lease has run out, and
-- whether there are other workers of this machine, $4.
WITH renewed AS (
    UPDATE workers SET lease_until = clock_timestamp() + make_interval(secs => $2), figures = $3
    WHERE id = $1 AND fenced_at IS NULL AND ended_at IS NULL
    RETURNING is_replaced, generation
)
SELECT
    EXISTS (SELECT 1 FROM renewed),
    coalesce((SELECT is_replaced FROM renewed), false),
    (SELECT ended FROM shared_runs JOIN renewed ON renewed.generation = shared_runs.generation),
    (
        SELECT coalesce(sum((others.figures::jsonb ->> 'failed')::bigint), 0)::bigint
        FROM workers AS others
        JOIN renewed ON renewed.generation = others.generation
        WHERE others.id <> $1
    ),
    EXISTS (
        SELECT 1 FROM workers AS others
        WHERE others.id <> $1 AND others.lease_until < clock_timestamp()
            AND others.fenced_at IS NULL AND others.ended_at IS NULL
    ),
    EXISTS (
        SELECT 1 FROM workers AS others
        WHERE others.id <> $1 AND others.machine = $4 AND others.generation IS NOT NULL
            AND others.fenced_at IS NULL AND others.ended_at IS NULL
    );

-- name: take_shard
-- Take the next free shard.
SELECT * FROM take_shard($1, $2, $3);

-- name: rows
-- The rows of a shard that are to be handed out.
SELECT found.*
FROM shards
JOIN shared_runs ON shared_runs.generation = shards.generation
CROSS JOIN LATERAL shard_rows(
    shards.row_ids, shared_runs.run, shared_runs.statuses, shared_runs.message_statuses, shared_runs.settings_statuses
) AS found
WHERE shards.generation = $1 AND shards.sweep = $2 AND shards.number = $3;

-- name: give_back
-- Give up shards of a worker; return whether it has any more.
SELECT give_back($1);

-- name: standing
-- Whether the run of a generation was replaced, and how it ended.
SELECT is_replaced, ended FROM shared_runs WHERE generation = $1;

-- name: take_look_up
-- Take the look-ups of a sweep that is done.
SELECT * FROM take_look_up($1, $2);

-- name: open_sweep
-- Hand rows out once more.
SELECT open_sweep($1, $2, $3, $4, $5, $6);

-- name: pass_canary
-- Record that the first rows were not all refused.
SELECT pass_canary($1, $2);

-- name: end_run
-- End the run.
SELECT end_run($1, $2, $3);

-- name: leave
-- Retire a worker that ends by itself.
SELECT leave($1);

-- name: fence
-- Fence workers that are gone, and those whose lease has run out if that is asked for.
SELECT fence_workers($1, $2);

-- name: neighbours
-- The other live workers of a machine: ID, process and its start.
SELECT id, pid, process_start
FROM workers
WHERE machine = $1 AND generation IS NOT NULL AND fenced_at IS NULL AND ended_at IS NULL;

-- name: settling
-- Seconds until the last request of a fenced worker is certainly over.
SELECT settling_s();

-- name: workers
-- The workers of the current run.
SELECT
    id, host, pid, version, started, extract(epoch FROM lease_until - clock_timestamp())::double precision,
    fenced_at IS NOT NULL, ended_at IS NOT NULL, figures
FROM workers
WHERE generation = (SELECT max(generation) FROM shared_runs)
ORDER BY id;

-- name: these_workers
-- Some workers.
SELECT
    id, host, pid, version, started, extract(epoch FROM lease_until - clock_timestamp())::double precision,
    fenced_at IS NOT NULL, ended_at IS NOT NULL, figures
FROM workers
WHERE id = ANY ($1::bigint[])
ORDER BY id;
