-- Statements of the coordinator and of the workers of a shared run.

-- name: begin
-- Begin a shared run; return the number of its rows.
SELECT begin_run($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: current
-- The generation of the current run.
SELECT max(generation) FROM shared_runs;

-- name: accounts
-- The accounts of a run: ID and SID, 0 and no SID in a job for one account, and how the run ended there. They are in the
-- order of the input.
SELECT account_runs.account, coalesce(accounts.sid, ''), account_runs.ended
FROM account_runs
LEFT JOIN accounts ON accounts.id = account_runs.account
WHERE account_runs.generation = $1
ORDER BY account_runs.account;

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
-- replaced, how the run ended and how many rows failed at the others, both as JSON by the SID of the account, the seconds
-- until another worker's lease runs out (below 0 when one has), and whether there are other workers of this machine, $4.
-- The empty SID stands for the rows of all accounts.
WITH renewed AS (
    UPDATE workers SET lease_until = clock_timestamp() + make_interval(secs => $2), figures = $3
    WHERE id = $1 AND fenced_at IS NULL AND ended_at IS NULL
    RETURNING is_replaced, generation
)
SELECT
    EXISTS (SELECT 1 FROM renewed),
    coalesce((SELECT is_replaced FROM renewed), false),
    (
        SELECT coalesce(json_object_agg(coalesce(accounts.sid, ''), account_runs.ended::json), '{}')::text
        FROM account_runs
        JOIN renewed ON renewed.generation = account_runs.generation
        LEFT JOIN accounts ON accounts.id = account_runs.account
        WHERE account_runs.ended IS NOT NULL
    ),
    (
        SELECT coalesce(json_object_agg(counted.account, counted.failed), '{}')::text
        FROM (
            SELECT told.key AS account, sum(told.value::bigint)::bigint AS failed
            FROM workers AS others
            JOIN renewed ON renewed.generation = others.generation
            CROSS JOIN LATERAL (
                SELECT '' AS key, coalesce(others.figures::jsonb ->> 'failed', '0') AS value
                UNION ALL
                SELECT * FROM jsonb_each_text(coalesce(others.figures::jsonb -> 'failed_in', '{}'))
            ) AS told
            WHERE others.id <> $1
            GROUP BY told.key
        ) AS counted
    ),
    (
        SELECT (extract(epoch FROM min(others.lease_until)) - extract(epoch FROM clock_timestamp()))::double precision
        FROM workers AS others
        WHERE others.id <> $1 AND others.fenced_at IS NULL AND others.ended_at IS NULL
    ),
    EXISTS (
        SELECT 1 FROM workers AS others
        WHERE others.id <> $1 AND others.machine = $4 AND others.generation IS NOT NULL
            AND others.fenced_at IS NULL AND others.ended_at IS NULL
    );

-- name: take_shard
-- Take the next free shard of an account.
SELECT * FROM take_shard($1, $2, $3, $4);

-- name: rows
-- The rows of a shard that are to be handed out.
SELECT found.*
FROM shards
JOIN account_runs AS current ON current.generation = shards.generation AND current.account = shards.account
CROSS JOIN LATERAL shard_rows(
    shards.row_ids, current.run, current.statuses, current.message_statuses, current.settings_statuses
) AS found
WHERE shards.generation = $1 AND shards.account = $2 AND shards.sweep = $3 AND shards.number = $4;

-- name: give_back
-- Give up shards of a worker in an account; return whether it has any more.
SELECT give_back($1, $2);

-- name: standing
-- Whether the run of a generation was replaced, and how it ended in an account.
SELECT shared_runs.is_replaced, account_runs.ended
FROM shared_runs
JOIN account_runs ON account_runs.generation = shared_runs.generation
WHERE shared_runs.generation = $1 AND account_runs.account = $2;

-- name: take_look_up
-- Take the look-ups of a sweep that is done in an account.
SELECT * FROM take_look_up($1, $2, $3);

-- name: open_sweep
-- Hand rows of an account out once more.
SELECT open_sweep($1, $2, $3, $4, $5, $6, $7);

-- name: pass_canary
-- Record that the first rows of an account were not all refused.
SELECT pass_canary($1, $2, $3);

-- name: end_run
-- End the run, in an account or in all.
SELECT end_run($1, $2, $3, $4);

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
