-- How workers leave a shared run, or are made to, and what becomes of what they had in flight. sharing.sql has the order in
-- which lines are locked.

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
