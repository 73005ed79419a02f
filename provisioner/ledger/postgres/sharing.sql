-- Tables and functions of runs that several workers share. Whatever locks several lines locks that of the run first,
-- then those of workers, then those of shards.

-- name: shared_runs
-- Every shared run of the job; the one with the largest generation is the current one. is_replaced says that its workers
-- may begin nothing more.
CREATE TABLE shared_runs (
    generation integer PRIMARY KEY,
    run integer NOT NULL,
    spec text NOT NULL,
    lease_s double precision NOT NULL,
    request_s double precision NOT NULL,
    is_replaced boolean NOT NULL DEFAULT false
);

-- name: account_runs
-- What a shared run does in each account, 0 in a job for one account: one that ends does not stop the others. The
-- statuses are those of the rows that the current sweep hands out. looker is the worker that alone looks rows up after
-- the sweep. ended is how the run ended there, as JSON.
CREATE TABLE account_runs (
    generation integer NOT NULL,
    account integer NOT NULL,
    run integer NOT NULL,
    row_limit bigint,
    to_send bigint NOT NULL DEFAULT 0,
    sweep integer NOT NULL DEFAULT 1,
    statuses text[] NOT NULL,
    message_statuses text[] NOT NULL,
    settings_statuses text[] NOT NULL,
    canary_passed boolean NOT NULL,
    looker bigint,
    ended text,
    PRIMARY KEY (generation, account)
);

-- name: shards
-- Rows of one account that one worker takes together, in input order: from first_row to last_row of the input. worker is
-- the one that has them now, and turn counts the shards of the account that it took. checked is the turn in which it was looked at last whether they
-- are all settled. given_back counts how often they came back with rows left.
CREATE TABLE shards (
    generation integer NOT NULL,
    account integer NOT NULL DEFAULT 0,
    sweep integer NOT NULL,
    number integer NOT NULL,
    row_ids bigint[] NOT NULL,
    first_row bigint NOT NULL,
    last_row bigint NOT NULL,
    is_canary boolean NOT NULL,
    worker bigint,
    turn integer,
    checked integer NOT NULL DEFAULT 0,
    given_back integer NOT NULL DEFAULT 0,
    is_done boolean NOT NULL DEFAULT false,
    PRIMARY KEY (generation, account, sweep, number)
);

-- name: open_shards
-- The shards that are not done.
CREATE INDEX open_shards ON shards (generation, account, sweep, number) WHERE NOT is_done;

-- name: shards_of_worker
-- The shards that a worker has.
CREATE INDEX shards_of_worker ON shards (worker) WHERE NOT is_done;

-- name: tell_workers
-- Tell the processes of the job that something has changed: end, or shards.
CREATE FUNCTION tell_workers(what text) RETURNS void LANGUAGE sql VOLATILE AS $function$
SELECT pg_notify('provisioner_' || md5(current_schema()), what);
$function$;

-- name: require_live
-- Lock the line of a worker; raise an error when it was fenced or has ended, so that it does nothing more.
CREATE FUNCTION require_live(this_worker bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $function$
BEGIN
    PERFORM FROM workers WHERE id = this_worker AND fenced_at IS NULL AND ended_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'worker % was fenced', this_worker USING ERRCODE = 'WCP02';
    END IF;
END
$function$;

-- name: require_executed
-- Raise an error unless the commit was executed already, and the process was not fenced since.
CREATE FUNCTION require_executed(this_worker bigint, this_commit bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $function$
DECLARE
    known workers;
BEGIN
    SELECT * INTO known FROM workers WHERE id = this_worker;
    IF known.fenced_at IS NOT NULL OR known.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'worker % was fenced', this_worker USING ERRCODE = 'WCP02';
    ELSIF known.last_commit IS DISTINCT FROM this_commit THEN
        RAISE EXCEPTION 'commit % of worker % is out of order', this_commit, this_worker USING ERRCODE = 'WCP01';
    END IF;
END
$function$;

-- name: require_begun
-- Raise an error unless all intents of a commit were recorded. The others are those of rows, messages and histories that
-- are in flight or done already, so that they would be sent twice.
CREATE FUNCTION require_begun(wanted bigint, begun bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $function$
BEGIN
    IF wanted <> begun THEN
        RAISE EXCEPTION '% of % intents are not allowed', wanted - begun, wanted USING ERRCODE = 'WCP04';
    END IF;
END
$function$;

-- name: require_looker
-- Raise an error when a worker of a shared run does what belongs to the task of looking up, and it has not that task.
CREATE FUNCTION require_looker(this_worker bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $function$
DECLARE
    known workers;
BEGIN
    SELECT * INTO known FROM workers WHERE id = this_worker;
    IF known.fenced_at IS NOT NULL THEN
        RAISE EXCEPTION 'worker % was fenced', this_worker USING ERRCODE = 'WCP02';
    ELSIF known.generation IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM account_runs WHERE generation = known.generation AND looker = this_worker
    ) THEN
        RAISE EXCEPTION 'worker % has no look-ups', this_worker USING ERRCODE = 'WCP05';
    END IF;
END
$function$;

-- name: is_own
-- Whether this worker's request for a row is in flight: to create it, or to post its first message or history.
CREATE FUNCTION is_own(this_worker bigint, this_row bigint, what text) RETURNS boolean
LANGUAGE sql STABLE AS $function$
SELECT CASE
    WHEN what IN ('create', 'release') THEN EXISTS (
        SELECT 1
        FROM states
        JOIN intents ON intents.row_id = states.id AND intents.step = 'create' AND intents.number = states.attempts
        WHERE states.id = this_row AND states.status = 'in_flight' AND intents.worker = this_worker
    )
    WHEN what IN ('message', 'message_release') THEN this_worker = (
        SELECT (
            SELECT intents.worker FROM intents
            WHERE intents.row_id = follow_ups.id AND intents.step = 'message'
            ORDER BY intents.number DESC
            LIMIT 1
        )
        FROM follow_ups
        WHERE follow_ups.id = this_row AND follow_ups.message = 'in_flight'
    )
    WHEN what IN ('history', 'chat_release') THEN EXISTS (
        SELECT 1 FROM histories WHERE row_id = this_row AND status = 'in_flight' AND worker = this_worker
    )
    ELSE what = 'settings'
END;
$function$;

-- name: require_own
-- Raise an error when a worker whose run was replaced does anything else than to record what became of its requests.
CREATE FUNCTION require_own(
    this_worker bigint, settled settlement[], begun beginning[], changed other_change[]
) RETURNS void LANGUAGE plpgsql VOLATILE AS $function$
BEGIN
    IF cardinality(begun) > 0 OR EXISTS (
        SELECT 1
        FROM (
            SELECT id, step AS what FROM unnest(settled)
            UNION ALL
            SELECT id, change FROM unnest(changed)
        ) AS came
        WHERE is_own(this_worker, came.id, came.what) IS NOT TRUE
    ) THEN
        RAISE EXCEPTION 'the run of worker % was replaced', this_worker USING ERRCODE = 'WCP03';
    END IF;
END
$function$;
