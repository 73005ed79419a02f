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

-- name: doubt
-- Make what is in flight of some rows unknown, if these workers have sent it: add an attempt of class maybe, because the
-- reply was not recorded, and return how many there are.
CREATE FUNCTION doubt(these_ids bigint[], these_workers bigint[], this_run integer, why text) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET enable_nestloop = on
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
AS $function$
DECLARE
    this_moment double precision := extract(epoch FROM clock_timestamp());
    rows_added bigint;
    messages_added bigint;
    histories_added bigint;
BEGIN
    IF cardinality(these_ids) = 0 THEN
        RETURN 0;
    END IF;
    INSERT INTO attempts (row_id, run, step, number, class, ended, error_code, error, identity, row_status)
    SELECT
        states.id, this_run, 'create', states.attempts, 'maybe', this_moment, 'interrupted',
        why || ' while this row was in flight: it may or may not have been created', states.asked_identity, 'unknown'
    FROM unnest(these_ids) AS chosen (id)
    CROSS JOIN LATERAL (SELECT * FROM states WHERE states.id = chosen.id OFFSET 0) AS states
    JOIN intents ON intents.row_id = states.id AND intents.step = 'create' AND intents.number = states.attempts
    WHERE states.status = 'in_flight' AND intents.worker = ANY (these_workers);
    GET DIAGNOSTICS rows_added = ROW_COUNT;
    INSERT INTO attempts (row_id, run, step, number, class, ended, error_code, error, message_status)
    SELECT
        follow_ups.id, this_run, 'message',
        1 + (
            SELECT coalesce(max(attempts.number), 0) FROM attempts
            WHERE attempts.row_id = follow_ups.id AND attempts.message_status IS NOT NULL
        ),
        'maybe', this_moment, 'interrupted',
        why || ' while this message was in flight: it may or may not have been posted', 'unknown'
    FROM unnest(these_ids) AS chosen (id)
    CROSS JOIN LATERAL (SELECT * FROM follow_ups WHERE follow_ups.id = chosen.id OFFSET 0) AS follow_ups
    WHERE follow_ups.status = 'created' AND follow_ups.message = 'in_flight' AND (
        SELECT intents.worker FROM intents
        WHERE intents.row_id = follow_ups.id AND intents.step = 'message'
        ORDER BY intents.number DESC
        LIMIT 1
    ) = ANY (these_workers);
    GET DIAGNOSTICS messages_added = ROW_COUNT;
    INSERT INTO attempts (row_id, run, step, number, class, ended, error_code, error, history_status)
    SELECT
        histories.row_id, this_run, 'history',
        1 + (
            SELECT coalesce(max(attempts.number), 0) FROM attempts
            WHERE attempts.row_id = histories.row_id AND attempts.history_status IS NOT NULL
        ),
        'maybe', this_moment, 'interrupted',
        why || ' while this message was in flight: it may or may not have been posted', 'unknown'
    FROM unnest(these_ids) AS chosen (id)
    JOIN histories ON histories.row_id = chosen.id
    WHERE histories.status = 'in_flight' AND histories.worker = ANY (these_workers);
    GET DIAGNOSTICS histories_added = ROW_COUNT;
    UPDATE histories SET status = 'unknown'
    WHERE row_id = ANY (these_ids) AND status = 'in_flight' AND worker = ANY (these_workers);
    RETURN rows_added + messages_added + histories_added;
END
$function$;

-- name: retire_worker
-- Take everything from a worker whose line is locked, for good: what it has in flight becomes unknown, its shards are
-- free, and it commits nothing more. A worker that still may be alive may send until its lease is over, and its last
-- request may take its time; so no look-up proves an absence before.
CREATE FUNCTION retire_worker(this_worker bigint, is_fenced boolean, is_gone boolean) RETURNS void
LANGUAGE plpgsql VOLATILE AS $function$
DECLARE
    this_run integer;
BEGIN
    UPDATE workers SET
        fenced_at = CASE WHEN is_fenced THEN clock_timestamp() END,
        ended_at = CASE WHEN NOT is_fenced THEN clock_timestamp() END,
        doubt_until = CASE
            WHEN is_fenced AND NOT is_gone
                THEN clock_timestamp() + make_interval(secs => shared_runs.lease_s + shared_runs.request_s)
        END
    FROM shared_runs
    WHERE workers.id = this_worker AND shared_runs.generation = workers.generation
    RETURNING shared_runs.run INTO this_run;
    PERFORM doubt(
        ARRAY(SELECT unnest(row_ids) FROM shards WHERE worker = this_worker AND NOT is_done), ARRAY[this_worker], this_run,
        CASE WHEN is_fenced THEN 'a worker was lost' ELSE 'a worker ended' END
    );
    UPDATE shards SET worker = NULL, turn = NULL WHERE worker = this_worker AND NOT is_done;
    UPDATE account_runs SET looker = NULL WHERE looker = this_worker;
    PERFORM tell_workers('shards');
END
$function$;

-- name: fence_workers
-- Fence the workers that are gone, and those whose lease has run out if that is asked for; return them. Nothing is done
-- while somebody else fences, opens a sweep or joins: this is called again.
CREATE FUNCTION fence_workers(gone bigint[], fences_expired boolean) RETURNS SETOF bigint
LANGUAGE plpgsql VOLATILE AS $function$
DECLARE
    lost record;
BEGIN
    PERFORM FROM shared_runs WHERE generation = (SELECT max(generation) FROM shared_runs) FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    FOR lost IN
        SELECT id, id = ANY (gone) AS is_gone
        FROM workers
        WHERE generation IS NOT NULL AND fenced_at IS NULL AND ended_at IS NULL
            AND (id = ANY (gone) OR (fences_expired AND lease_until < clock_timestamp()))
        ORDER BY id
        FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        PERFORM retire_worker(lost.id, true, lost.is_gone);
        RETURN NEXT lost.id;
    END LOOP;
END
$function$;

-- name: leave
-- Retire a worker that ends by itself.
CREATE FUNCTION leave(this_worker bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $function$
BEGIN
    PERFORM FROM shared_runs WHERE generation = (SELECT max(generation) FROM shared_runs) FOR UPDATE;
    PERFORM require_live(this_worker);
    PERFORM retire_worker(this_worker, false, false);
END
$function$;

-- name: recover
-- Make unknown what is in flight of processes that are not live workers, and return how much there was.
CREATE FUNCTION recover() RETURNS bigint LANGUAGE sql VOLATILE
SET enable_nestloop = off
AS $function$
SELECT doubt(
    ARRAY(
        SELECT asked.row_id
        FROM last_intents AS asked
        LEFT JOIN last_outcomes AS outcome ON outcome.row_id = asked.row_id
        WHERE asked.id > coalesce(outcome.id, 0)
        UNION
        SELECT asked.row_id
        FROM last_posts AS asked
        LEFT JOIN last_message_outcomes AS outcome ON outcome.row_id = asked.row_id
        WHERE asked.id > coalesce(outcome.id, 0)
        UNION
        SELECT row_id FROM histories WHERE status = 'in_flight'
    ),
    ARRAY(SELECT id FROM workers WHERE generation IS NULL OR fenced_at IS NOT NULL OR ended_at IS NOT NULL),
    (SELECT max(id) FROM runs),
    'the run ended'
);
$function$;

-- name: replace_run
-- Let the workers of all runs begin nothing more; they go on until their requests are answered.
CREATE FUNCTION replace_run() RETURNS void LANGUAGE plpgsql VOLATILE AS $function$
BEGIN
    UPDATE shared_runs SET is_replaced = true WHERE NOT is_replaced;
    IF FOUND THEN
        UPDATE workers SET is_replaced = true WHERE generation IS NOT NULL AND NOT is_replaced;
        PERFORM tell_workers('end');
    END IF;
END
$function$;

-- name: all_owing_rows
-- The rows of next_owing_rows without a limit, and in any order: each table is read once.
CREATE FUNCTION all_owing_rows(
    these_statuses text[], messages text[], settings text[], this_account integer
) RETURNS TABLE (id bigint, plan_row bigint, account integer) LANGUAGE sql STABLE
SET enable_nestloop = off
AS $function$
SELECT plan.row_id, plan.row, plan.account
FROM plan
JOIN all_follow_ups AS follow_ups ON follow_ups.id = plan.row_id
WHERE plan.is_valid AND (this_account IS NULL OR plan.account = this_account) AND (
    follow_ups.status = ANY (these_statuses)
    OR (
        follow_ups.status = 'created'
        AND (
            follow_ups.settings = ANY (all_owing_rows.settings)
            OR (
                coalesce(follow_ups.settings, 'set') = 'set'
                AND CASE coalesce(follow_ups.history, 'posted')
                    WHEN 'posted' THEN follow_ups.message
                    ELSE follow_ups.history
                END = ANY (messages)
            )
        )
    )
);
$function$;

-- name: cut_shards
-- Cut the rows with these statuses into the shards of a sweep, of one account or, with NULL, of all of them; return their
-- number. Rows that the run has handed out in an account before count for its limit only once. The first shard of each
-- account has this_canary rows; the others have no more rows than the spec of the run allows.
CREATE FUNCTION cut_shards(
    this_generation integer, this_account integer, this_sweep integer, these_statuses text[], messages text[],
    settings text[], this_limit bigint, this_canary integer
) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $function$
DECLARE
    planned_account integer := nullif(this_account, 0);
    first_limit bigint := CASE WHEN this_sweep = 1 THEN this_limit END;
    total bigint;
    most bigint := (
        SELECT coalesce((spec::json ->> 'shard_rows')::bigint, 256) FROM shared_runs WHERE generation = this_generation
    );
BEGIN
    CREATE TEMPORARY TABLE candidates (id bigint NOT NULL, plan_row bigint NOT NULL, account integer) ON COMMIT DROP;
    IF first_limit IS NULL THEN
        INSERT INTO candidates
        SELECT id, plan_row, account FROM all_owing_rows(these_statuses, messages, settings, planned_account);
    ELSE
        INSERT INTO candidates
        SELECT found.id, found.plan_row, plan.account
        FROM next_owing_rows(0, these_statuses, messages, settings, first_limit, planned_account) AS found
        JOIN plan ON plan.row = found.plan_row;
    END IF;
    IF this_sweep > 1 AND this_limit IS NOT NULL THEN
        WITH handed AS (
            SELECT DISTINCT unnest(row_ids) AS id FROM shards
            WHERE shards.generation = this_generation AND shards.account = this_account
        ), fresh AS (
            SELECT candidates.id
            FROM candidates
            WHERE NOT EXISTS (SELECT 1 FROM handed WHERE handed.id = candidates.id)
            ORDER BY candidates.plan_row
            OFFSET greatest(0, this_limit - (SELECT count(*) FROM handed))
        )
        DELETE FROM candidates USING fresh WHERE candidates.id = fresh.id;
    END IF;
    SELECT count(*) INTO total FROM candidates;
    INSERT INTO shards (generation, account, sweep, number, row_ids, first_row, last_row, is_canary)
    SELECT
        this_generation, places.account, this_sweep, places.number, array_agg(places.id ORDER BY places.plan_row),
        min(places.plan_row), max(places.plan_row), bool_and(places.is_canary)
    FROM (
        SELECT
            ordered.id, ordered.account, ordered.plan_row, ordered.place < this_canary AS is_canary,
            CASE
                WHEN ordered.place < this_canary THEN 0
                ELSE 1 + (ordered.place - this_canary) / least(most, greatest(8, ordered.total / 32))
            END AS number
        FROM (
            SELECT
                id, plan_row, coalesce(candidates.account, 0) AS account,
                row_number() OVER (PARTITION BY candidates.account ORDER BY plan_row) - 1 AS place,
                count(*) OVER (PARTITION BY candidates.account) AS total
            FROM candidates
        ) AS ordered
    ) AS places
    GROUP BY places.account, places.number;
    DROP TABLE candidates;
    RETURN total;
END
$function$;

-- name: begin_run
-- Begin a shared run in each account of the input, unless this commit of the coordinator was executed already; return the
-- number of its rows. The limit picks the first rows of the whole input; each account keeps to its share of them.
CREATE FUNCTION begin_run(
    this_worker bigint, this_commit bigint, this_run integer, this_spec text, this_lease double precision,
    this_request double precision, these_statuses text[], messages text[], settings text[], this_limit bigint,
    this_canary integer
) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $function$
DECLARE
    this_generation integer := 1 + (SELECT coalesce(max(generation), 0) FROM shared_runs);
    total bigint;
BEGIN
    IF NOT begin_commit(this_worker, this_commit, false) THEN
        RETURN (
            SELECT sum(to_send) FROM account_runs WHERE generation = (SELECT max(generation) FROM shared_runs)
        );
    END IF;
    PERFORM replace_run();
    INSERT INTO shared_runs (generation, run, spec, lease_s, request_s)
    VALUES (this_generation, this_run, this_spec, this_lease, this_request);
    INSERT INTO account_runs (
        generation, account, run, row_limit, statuses, message_statuses, settings_statuses, canary_passed
    )
    SELECT this_generation, named.account, this_run, this_limit, these_statuses, messages, settings, this_canary = 0
    FROM (
        SELECT DISTINCT account FROM plan WHERE account IS NOT NULL
        UNION ALL
        SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM plan WHERE account IS NOT NULL)
    ) AS named;
    total := cut_shards(this_generation, NULL, 1, these_statuses, messages, settings, this_limit, this_canary);
    UPDATE account_runs SET to_send = cut.number
    FROM (
        SELECT account, sum(cardinality(row_ids)) AS number FROM shards WHERE generation = this_generation GROUP BY account
    ) AS cut
    WHERE account_runs.generation = this_generation AND account_runs.account = cut.account;
    UPDATE account_runs SET row_limit = to_send
    WHERE generation = this_generation AND account <> 0 AND row_limit IS NOT NULL;
    RETURN total;
END
$function$;

-- name: take_shard
-- Give a worker the next free shard of an account, as its shard number this_turn there; the same one again when this is
-- repeated. Nothing is returned when none is free, or the run has ended there. Until the canary has passed, only its shard
-- is free.
CREATE FUNCTION take_shard(this_worker bigint, this_generation integer, this_account integer, this_turn integer)
RETURNS TABLE (is_canary boolean, to_send bigint, sweep integer, number integer) LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
    found_sweep integer;
    found_number integer;
BEGIN
    PERFORM require_live(this_worker);
    SELECT shards.sweep, shards.number INTO found_sweep, found_number
    FROM shards
    WHERE worker = this_worker AND account = this_account AND NOT is_done AND turn = this_turn;
    IF NOT FOUND THEN
        PERFORM close_shards(this_worker, this_account, this_turn);
        SELECT shards.sweep, shards.number INTO found_sweep, found_number
        FROM shards
        JOIN account_runs AS current USING (generation, account, sweep)
        JOIN shared_runs USING (generation)
        WHERE shards.generation = this_generation AND shards.account = this_account AND NOT shards.is_done
            AND shards.worker IS NULL AND (shards.is_canary OR current.canary_passed)
            AND NOT shared_runs.is_replaced AND current.ended IS NULL
        ORDER BY shards.number
        LIMIT 1
        FOR UPDATE OF shards SKIP LOCKED;
        IF NOT FOUND THEN
            RETURN;
        END IF;
        UPDATE shards SET worker = this_worker, turn = this_turn
        WHERE generation = this_generation AND account = this_account AND shards.sweep = found_sweep
            AND shards.number = found_number;
    END IF;
    RETURN QUERY
    SELECT shards.is_canary, current.to_send, shards.sweep, shards.number
    FROM shards
    JOIN account_runs AS current USING (generation, account)
    WHERE generation = this_generation AND account = this_account AND shards.sweep = found_sweep
        AND shards.number = found_number;
END
$function$;

-- name: states_of
-- What some rows are: the columns of the view states that shards need, and the run of the attempt that decided last. Each
-- index is read once, from the first to the last of the rows.
CREATE FUNCTION states_of(these_ids bigint[]) RETURNS TABLE (
    id bigint, status text, owes_message boolean, owes_settings boolean, last_attempt bigint, run integer
)
LANGUAGE plpgsql STABLE
SET enable_hashjoin = on
SET enable_nestloop = off
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT
        chosen.id, row_state(asked.id, outcome.id, outcome.row_status), asked.owes_message, asked.owes_settings,
        outcome.id, outcome.run
    FROM unnest(these_ids) AS chosen (id)
    LEFT JOIN (
        SELECT DISTINCT ON (row_id) row_id, id, owes_message, owes_settings
        FROM intents
        WHERE row_id = ANY (these_ids) AND step = 'create'
        ORDER BY row_id DESC, number DESC
    ) AS asked ON asked.row_id = chosen.id
    LEFT JOIN (
        SELECT DISTINCT ON (row_id) row_id, id, row_status, run
        FROM attempts
        WHERE row_id = ANY (these_ids) AND row_status IS NOT NULL
        ORDER BY row_id DESC, id DESC
    ) AS outcome ON outcome.row_id = chosen.id;
END
$function$;

-- name: shard_rows
-- Those of some rows that are still to be handed out for a run, as next_owing_rows returns them: what this run has
-- decided is not, unless it is pending. OFFSET keeps the planner from computing a view for all rows of the job; what
-- follows a creation is looked at for rows that owe it only.
CREATE FUNCTION shard_rows(
    these_ids bigint[], this_run integer, these_statuses text[], these_messages text[], these_settings text[]
) RETURNS TABLE (
    id bigint, plan_row bigint, key text, digest bytea, conversation_sid text, identity text, is_in_doubt boolean,
    owed text, history_total integer, history_posted integer
)
LANGUAGE plpgsql STABLE
SET enable_nestloop = on
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH chosen AS MATERIALIZED (
        SELECT
            plan.row, states.*,
            states.status = ANY (these_statuses) AND (states.status = 'pending' OR this_run IS DISTINCT FROM states.run)
                AS is_to_send
        FROM states_of(these_ids) AS states
        JOIN plan ON plan.row_id = states.id
        WHERE plan.is_valid
    ), found AS (
        SELECT
            chosen.row, follow_ups.*,
            follow_ups.settings = ANY (these_settings) AND (
                follow_ups.settings = 'pending'
                OR this_run IS DISTINCT FROM (SELECT run FROM attempts WHERE attempts.id = follow_ups.last_settings)
            ) AS is_to_set,
            follow_ups.history = ANY (these_messages) AND (
                follow_ups.history = 'pending' OR this_run IS DISTINCT FROM (
                    SELECT chats.run FROM attempts AS chats
                    WHERE chats.row_id = follow_ups.id AND chats.history_status IS NOT NULL
                    ORDER BY chats.id + 0 DESC
                    LIMIT 1
                )
            ) AS is_to_go_on,
            follow_ups.message = ANY (these_messages) AND (
                follow_ups.message = 'pending'
                OR this_run IS DISTINCT FROM (SELECT run FROM attempts WHERE attempts.id = follow_ups.last_message)
            ) AS is_to_post
        FROM chosen
        CROSS JOIN LATERAL (SELECT * FROM follow_ups WHERE follow_ups.id = chosen.id OFFSET 0) AS follow_ups
        WHERE chosen.status = 'created' AND (
            chosen.owes_message OR chosen.owes_settings
            OR EXISTS (SELECT 1 FROM histories WHERE histories.row_id = chosen.id)
        )
    )
    SELECT chosen.id, chosen.row, rows.key, rows.digest, '', '', chosen.status = 'unknown', '', 0, 0
    FROM chosen
    JOIN rows ON rows.id = chosen.id
    WHERE chosen.is_to_send AND chosen.status <> 'created'
    UNION ALL
    SELECT
        found.id, found.row, found.key, found.digest,
        coalesce((SELECT conversation_sid FROM attempts WHERE attempts.id = found.last_attempt), ''),
        coalesce((SELECT identity FROM attempts WHERE attempts.id = found.last_attempt), ''),
        false,
        CASE WHEN found.is_to_set THEN 'settings ' ELSE '' END
        || CASE WHEN found.is_to_go_on THEN 'history ' ELSE '' END
        || CASE
            WHEN (coalesce(found.history, 'posted') = 'posted' OR found.is_to_go_on)
                AND (found.is_to_post OR found.message = 'held') THEN 'message'
            ELSE ''
        END,
        found.history_total, found.history_posted
    FROM found
    WHERE found.is_to_set OR (
        coalesce(found.settings, 'set') = 'set'
        AND CASE coalesce(found.history, 'posted') WHEN 'posted' THEN found.is_to_post ELSE found.is_to_go_on END
    )
    ORDER BY 2;
END
$function$;

-- name: is_settled
-- Whether nothing of some rows is in flight or still to be handed out in a sweep of a run.
CREATE FUNCTION is_settled(these_ids bigint[], current account_runs) RETURNS boolean
LANGUAGE plpgsql STABLE
SET enable_nestloop = on
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
AS $function$
DECLARE
    is_open boolean;
    owing bigint[];
BEGIN
    SELECT
        bool_or(
            states.status IN ('in_flight', 'pending')
            OR (states.status = ANY (current.statuses) AND current.run IS DISTINCT FROM states.run)
        ),
        array_agg(states.id) FILTER (
            WHERE states.status = 'created' AND (
                states.owes_message OR states.owes_settings
                OR EXISTS (SELECT 1 FROM histories WHERE histories.row_id = states.id)
            )
        )
    INTO is_open, owing
    FROM states_of(these_ids) AS states;
    IF is_open OR owing IS NULL THEN
        RETURN NOT is_open;
    END IF;
    RETURN NOT EXISTS (
        SELECT 1
        FROM unnest(owing) AS chosen (id)
        CROSS JOIN LATERAL (SELECT * FROM follow_ups WHERE follow_ups.id = chosen.id OFFSET 0) AS follow_ups
        WHERE follow_ups.message IN ('in_flight', 'pending') OR follow_ups.settings = 'pending'
            OR follow_ups.history IN ('in_flight', 'pending')
    ) AND NOT EXISTS (
        SELECT 1 FROM shard_rows(
            owing, current.run, current.statuses, current.message_statuses, current.settings_statuses
        )
    );
END
$function$;

-- name: close_shards
-- Close a shard of a worker in an account if its rows are all settled: the one that was not looked at for the longest
-- time, or two of them when it has many. So a worker has few shards at any time, and a fence is quick.
CREATE FUNCTION close_shards(this_worker bigint, this_account integer, this_turn integer) RETURNS void
LANGUAGE plpgsql VOLATILE AS $function$
BEGIN
    UPDATE shards SET checked = this_turn, is_done = is_settled(shards.row_ids, account_runs)
    FROM account_runs
    WHERE account_runs.generation = shards.generation AND account_runs.account = shards.account
        AND (shards.generation, shards.account, shards.sweep, shards.number) IN (
            SELECT held.generation, held.account, held.sweep, held.number
            FROM shards AS held
            WHERE held.worker = this_worker AND held.account = this_account AND NOT held.is_done AND NOT held.is_canary
                AND held.turn < this_turn - 1
            ORDER BY held.checked, held.turn
            LIMIT (
                SELECT CASE WHEN count(*) > 8 THEN 2 ELSE 1 END
                FROM shards AS many
                WHERE many.worker = this_worker AND many.account = this_account AND NOT many.is_done
            )
        );
END
$function$;

-- name: give_back
-- Take eight shards of an account from a worker, and return whether it has any more there. Those with rows that are still
-- to be handed out are free again, nine times at most: what is pending then belongs to the next sweep. The others are
-- done, but for the first rows until they have passed: somebody has to say so.
CREATE FUNCTION give_back(this_worker bigint, this_account integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $function$
BEGIN
    PERFORM require_live(this_worker);
    UPDATE shards SET
        worker = NULL, turn = NULL, given_back = given_back + 1,
        is_done = (current.canary_passed OR NOT shards.is_canary) AND (
            given_back >= 9 OR NOT EXISTS (
                SELECT 1 FROM shard_rows(
                    shards.row_ids, current.run, current.statuses, current.message_statuses, current.settings_statuses
                )
            )
        )
    FROM account_runs AS current
    WHERE current.generation = shards.generation AND current.account = shards.account
        AND (shards.generation, shards.account, shards.sweep, shards.number) IN (
            SELECT held.generation, held.account, held.sweep, held.number
            FROM shards AS held
            WHERE held.worker = this_worker AND held.account = this_account AND NOT held.is_done
            LIMIT 8
        );
    IF FOUND THEN
        PERFORM tell_workers('shards');
    END IF;
    RETURN EXISTS (SELECT 1 FROM shards WHERE worker = this_worker AND account = this_account AND NOT is_done);
END
$function$;

-- name: take_look_up
-- Give a worker the look-ups of an account whose shards of the sweep are all done, and return the number of the sweep and
-- the seconds until the last request of a fenced worker is certainly over. Nothing is returned when rows are still with a
-- worker, or another one has the look-ups.
CREATE FUNCTION take_look_up(this_worker bigint, this_generation integer, this_account integer)
RETURNS TABLE (sweep integer, wait_s double precision) LANGUAGE plpgsql VOLATILE AS $function$
#variable_conflict use_column
DECLARE
    has_replaced_run boolean;
    current account_runs;
BEGIN
    SELECT is_replaced INTO has_replaced_run FROM shared_runs WHERE generation = this_generation FOR UPDATE;
    SELECT * INTO current FROM account_runs WHERE generation = this_generation AND account = this_account;
    PERFORM require_live(this_worker);
    IF has_replaced_run OR current.ended IS NOT NULL OR coalesce(current.looker, this_worker) <> this_worker
        OR EXISTS (
            SELECT 1 FROM shards
            WHERE generation = this_generation AND account = this_account AND shards.sweep = current.sweep
                AND NOT is_done
        )
        OR EXISTS (
            SELECT 1 FROM workers
            WHERE generation < this_generation AND fenced_at IS NULL AND ended_at IS NULL
        )
    THEN
        RETURN;
    END IF;
    UPDATE account_runs SET looker = this_worker WHERE generation = this_generation AND account = this_account;
    RETURN QUERY SELECT current.sweep, settling_s();
END
$function$;

-- name: settling_s
-- Seconds until the last request of a fenced worker is certainly over.
CREATE FUNCTION settling_s() RETURNS double precision LANGUAGE sql STABLE AS $function$
SELECT greatest(0, coalesce(extract(epoch FROM max(doubt_until) - clock_timestamp()), 0))::double precision FROM workers;
$function$;

-- name: open_sweep
-- Hand the rows of an account with these statuses out once more, after sweep number this_sweep, and return their number;
-- the same when this is repeated. For the worker that has the look-ups; its line is locked last, so that its lease is
-- renewed while the shards are cut.
CREATE FUNCTION open_sweep(
    this_worker bigint, this_generation integer, this_account integer, this_sweep integer, these_statuses text[],
    messages text[], settings text[]
) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $function$
DECLARE
    current account_runs;
    total bigint;
BEGIN
    PERFORM FROM shared_runs WHERE generation = this_generation FOR UPDATE;
    SELECT * INTO current FROM account_runs WHERE generation = this_generation AND account = this_account;
    IF current.sweep > this_sweep THEN
        PERFORM require_live(this_worker);
        RETURN (
            SELECT sum(cardinality(row_ids)) FROM shards
            WHERE generation = this_generation AND account = this_account AND sweep = this_sweep + 1
        );
    END IF;
    PERFORM require_looker(this_worker);
    total := cut_shards(
        this_generation, this_account, this_sweep + 1, these_statuses, messages, settings, current.row_limit, 0
    );
    PERFORM require_live(this_worker);
    IF total > 0 THEN
        UPDATE account_runs SET
            sweep = this_sweep + 1, statuses = these_statuses, message_statuses = messages, settings_statuses = settings,
            looker = NULL, canary_passed = true
        WHERE generation = this_generation AND account = this_account;
        PERFORM tell_workers('shards');
    END IF;
    RETURN total;
END
$function$;

-- name: pass_canary
-- Record that the first rows of an account were not all refused.
CREATE FUNCTION pass_canary(this_worker bigint, this_generation integer, this_account integer) RETURNS void
LANGUAGE plpgsql VOLATILE AS $function$
BEGIN
    PERFORM FROM shared_runs WHERE generation = this_generation FOR UPDATE;
    UPDATE account_runs SET canary_passed = true WHERE generation = this_generation AND account = this_account;
    PERFORM require_live(this_worker);
    PERFORM tell_workers('shards');
END
$function$;

-- name: end_run
-- End a run for all of its workers, in one account, or in all of them with NULL; the first end counts. this_worker is NULL
-- for the coordinator.
CREATE FUNCTION end_run(this_worker bigint, this_generation integer, this_account integer, this_end text) RETURNS void
LANGUAGE plpgsql VOLATILE AS $function$
BEGIN
    PERFORM FROM shared_runs WHERE generation = this_generation FOR UPDATE;
    UPDATE account_runs SET ended = this_end
    WHERE generation = this_generation AND account = coalesce(this_account, account) AND ended IS NULL;
    IF this_worker IS NOT NULL THEN
        PERFORM require_live(this_worker);
    END IF;
    PERFORM tell_workers('end');
END
$function$;

-- name: begin_commit
-- Begin a commit of a process; return false when it was executed already. Raise an error when the process was fenced, or
-- its run was replaced and the commit is an intent.
CREATE FUNCTION begin_commit(this_worker bigint, this_commit bigint, is_intent boolean) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $function$
DECLARE
    known workers;
BEGIN
    SELECT * INTO known FROM workers WHERE id = this_worker FOR NO KEY UPDATE;
    IF known.fenced_at IS NOT NULL OR known.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'worker % was fenced', this_worker USING ERRCODE = 'WCP02';
    ELSIF known.is_replaced AND is_intent THEN
        RAISE EXCEPTION 'the run of worker % was replaced', this_worker USING ERRCODE = 'WCP03';
    END IF;
    UPDATE workers SET last_commit = this_commit WHERE id = this_worker AND last_commit < this_commit;
    RETURN FOUND;
END
$function$;
