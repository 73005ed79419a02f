-- The shards of a shared run: which rows they have, who works on them, and when they are done. sharing.sql has the order in
-- which lines are locked.

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
