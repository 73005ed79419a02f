-- The sweeps of a shared run, one after the other, each ended by look-ups; its end; and the commits of its workers.
-- sharing.sql has the order in which lines are locked.

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
