-- Schema provisioner, version 1: rates of accounts that all workers and jobs of the database share.

-- name: versions
-- The versions of this schema that were installed.
CREATE TABLE provisioner.versions (
    version integer PRIMARY KEY,
    installed timestamptz NOT NULL DEFAULT now()
);
INSERT INTO provisioner.versions (version) VALUES (1);

-- name: rates
-- One line for each account. state is a text of the program: how the rate was reduced after 429s, and since when; epoch
-- counts its changes. free has the moment of the last use of each of the total shares that nobody holds. All times are
-- Unix seconds of the database's clock.
CREATE TABLE provisioner.rates (
    account text PRIMARY KEY,
    epoch bigint NOT NULL,
    state text NOT NULL,
    since double precision,
    paused_until double precision NOT NULL,
    total integer NOT NULL,
    free double precision[] NOT NULL
) WITH (fillfactor = 50);

-- name: rate_members
-- One line for each worker that takes part in a rate. It holds held shares until it expires, and is to give owed of them
-- back. is_waiting says that it could use more, since waiting_since; it was given its last share at held_since.
CREATE TABLE provisioner.rate_members (
    member text PRIMARY KEY,
    account text NOT NULL,
    asked double precision NOT NULL,
    held integer NOT NULL,
    owed integer NOT NULL,
    is_waiting boolean NOT NULL,
    waiting_since double precision NOT NULL,
    held_since double precision NOT NULL,
    expires double precision NOT NULL
) WITH (fillfactor = 50);

-- name: rate_members_by_account
-- The members of a rate.
CREATE INDEX rate_members_by_account ON provisioner.rate_members (account);

-- name: clock
-- The time of the database in Unix seconds.
CREATE FUNCTION provisioner.clock() RETURNS double precision LANGUAGE sql VOLATILE AS
    'SELECT extract(epoch FROM clock_timestamp())::double precision';

-- name: notify
-- Let the members of an account hear of it.
CREATE FUNCTION provisioner.tell_members(message json) RETURNS void LANGUAGE sql VOLATILE AS
    $$SELECT pg_notify('provisioner_rates', message::text)$$;

-- name: take_expired
-- Remove the members of an account that have expired, and return a last use for each of their shares. A time too far
-- ahead is that of a clock that was set back.
CREATE FUNCTION provisioner.take_expired(this_account text, moment double precision) RETURNS double precision[]
LANGUAGE sql VOLATILE AS $function$
    WITH gone AS (
        DELETE FROM provisioner.rate_members
        WHERE account = this_account AND expires NOT BETWEEN moment AND moment + 3600
        RETURNING held, least(expires, moment) AS last_use
    )
    SELECT coalesce(array_agg(last_use), '{}') FROM gone, generate_series(1, held)
$function$;

-- name: resized
-- The last uses of so many free shares: those that are free, the least recently used first, then new ones.
CREATE FUNCTION provisioner.resized(free double precision[], count integer, moment double precision)
RETURNS double precision[] LANGUAGE sql IMMUTABLE AS $function$
    SELECT coalesce(array_agg(use ORDER BY use), '{}') FROM (
        SELECT least(use, moment) AS use FROM unnest(free || array_fill(moment, ARRAY[greatest(count - cardinality(free), 0)])) AS use
        ORDER BY 1 LIMIT greatest(count, 0)
    ) AS kept
$function$;

-- name: renew_shares
-- Renew the shares of a member for term seconds, take back those that it gives up, deal out those that are free, and say
-- how many it is to give up because others have fewer. A member that waits has at least total / waiting shares, rounded
-- down; where that is none, they take turns of ten seconds. Only what moves a share waits for the disk.
CREATE FUNCTION provisioner.renew_shares(
    this_account text,
    this_member text,
    this_epoch bigint,
    first_state text,
    this_asked double precision,
    this_total integer,
    this_held integer,
    ages double precision[],
    waits boolean,
    term double precision,
    turn double precision,
    OUT moment double precision,
    OUT epoch bigint,
    OUT state text,
    OUT since double precision,
    OUT paused_until double precision,
    OUT asked double precision,
    OUT total integer,
    OUT kept integer,
    OUT last_uses double precision[],
    OUT release integer
) LANGUAGE plpgsql AS $function$
#variable_conflict use_column
DECLARE
    rate provisioner.rates;
    me provisioner.rate_members;
    others record;
    expired double precision[];
    pool double precision[];
    returned integer := 0;
    granted integer := 0;
    fair integer;
    most integer;
    owed_by_all integer;
    was_waiting boolean;
BEGIN
    INSERT INTO provisioner.rates AS known (account, epoch, state, paused_until, total, free)
    VALUES (this_account, 1, first_state, 0, this_total, array_fill(0::double precision, ARRAY[this_total]))
    ON CONFLICT (account) DO NOTHING;
    SELECT * INTO rate FROM provisioner.rates WHERE account = this_account FOR UPDATE;
    moment := provisioner.clock();
    expired := provisioner.take_expired(this_account, moment);
    SELECT * INTO me FROM provisioner.rate_members WHERE member = this_member;
    IF NOT FOUND THEN
        me := (this_member, this_account, this_asked, 0, 0, false, moment, moment, moment);
    END IF;
    was_waiting := me.is_waiting;
    kept := least(me.held, this_held);
    returned := me.held - kept;
    me.held := kept;
    me.owed := least(greatest(me.owed - returned, 0), kept);
    pool := rate.free || expired || ARRAY(
        SELECT moment - coalesce(ages[place], 0) FROM generate_series(1, returned) AS place
    );

    SELECT
        count(*) FILTER (WHERE is_waiting)::integer AS waiting,
        coalesce(sum(held), 0)::integer AS held,
        coalesce(sum(owed), 0)::integer AS owed,
        min(asked) AS asked
    INTO others FROM provisioner.rate_members WHERE account = this_account AND member <> this_member;
    asked := least(this_asked, others.asked);
    total := CASE WHEN this_epoch = rate.epoch THEN this_total ELSE rate.total END;
    pool := provisioner.resized(pool, total - others.held - me.held, moment);
    fair := total / greatest(others.waiting + waits::integer, 1);
    most := CASE WHEN others.waiting = 0 THEN total ELSE ceil(total::numeric / (others.waiting + waits::integer)) END;

    IF waits THEN
        SELECT greatest(least(most - me.held, cardinality(pool) - count(*)), 0)::integer INTO granted
        FROM provisioner.rate_members
        WHERE account = this_account AND member <> this_member AND is_waiting AND held < most
            AND (held < me.held OR (held = me.held AND (waiting_since, member) < (me.waiting_since, this_member)));
    END IF;
    last_uses := pool[1:granted];
    pool := pool[granted + 1:];
    me.held := me.held + granted;
    IF granted > 0 THEN
        me.held_since := moment;
    END IF;
    IF granted > 0 OR returned > 0 OR waits AND NOT was_waiting THEN
        me.waiting_since := moment;
    END IF;

    owed_by_all := others.owed + me.owed;
    SELECT me.owed + greatest(least(me.held - me.owed, CASE
        WHEN others.held + me.held - owed_by_all > total
        THEN least(others.held + me.held - owed_by_all - total, greatest(me.held - me.owed - fair, 1))
        WHEN fair > 0
        THEN least(
            coalesce(sum(greatest(fair - held, 0)), 0)::integer - cardinality(pool) - owed_by_all, me.held - me.owed - fair
        )
        WHEN me.held_since < moment - turn
        THEN least(coalesce(sum((held = 0)::integer), 0)::integer - cardinality(pool) - owed_by_all, 1)
        ELSE 0
    END), 0)
    INTO me.owed
    FROM provisioner.rate_members WHERE account = this_account AND member <> this_member AND is_waiting;
    me.owed := coalesce(me.owed, 0);
    release := me.owed;

    INSERT INTO provisioner.rate_members
    VALUES (
        this_member, this_account, this_asked, me.held, me.owed, waits, me.waiting_since, me.held_since, moment + term
    )
    ON CONFLICT (member) DO UPDATE SET
        asked = excluded.asked, held = excluded.held, owed = excluded.owed, is_waiting = excluded.is_waiting,
        waiting_since = excluded.waiting_since, held_since = excluded.held_since, expires = excluded.expires;
    IF pool IS DISTINCT FROM rate.free OR total <> rate.total THEN
        UPDATE provisioner.rates AS known SET free = pool, total = renew_shares.total
        WHERE account = this_account;
    ELSE
        PERFORM set_config('synchronous_commit', 'off', true);
    END IF;
    IF (cardinality(pool) > 0 AND returned + cardinality(expired) > 0 AND others.waiting > 0)
        OR (waits AND NOT was_waiting AND me.held < greatest(fair, 1))
    THEN
        PERFORM provisioner.tell_members(json_build_object('account', this_account, 'member', this_member));
    END IF;
    epoch := rate.epoch;
    state := rate.state;
    since := rate.since;
    paused_until := least(rate.paused_until, moment + 3600);
END
$function$;

-- name: change_rate
-- Let nothing start for pause seconds, and replace the state of the rate if it still is that of an epoch; since is
-- given in seconds from now. Everybody hears of it.
CREATE FUNCTION provisioner.change_rate(
    this_account text,
    this_epoch bigint,
    new_state text,
    since_s double precision,
    pause double precision,
    OUT moment double precision,
    OUT epoch bigint,
    OUT state text,
    OUT since double precision,
    OUT paused_until double precision
) LANGUAGE plpgsql AS $function$
#variable_conflict use_column
DECLARE
    rate provisioner.rates;
BEGIN
    SELECT * INTO rate FROM provisioner.rates WHERE account = this_account FOR UPDATE;
    moment := provisioner.clock();
    IF rate.epoch = this_epoch THEN
        rate.epoch := rate.epoch + 1;
        rate.state := new_state;
        rate.since := moment + since_s;
    END IF;
    rate.paused_until := greatest(least(rate.paused_until, moment + 3600), moment + pause);
    UPDATE provisioner.rates AS known
    SET epoch = rate.epoch, state = rate.state, since = rate.since, paused_until = rate.paused_until
    WHERE account = this_account;
    epoch := rate.epoch;
    state := rate.state;
    since := rate.since;
    paused_until := rate.paused_until;
    PERFORM provisioner.tell_members(json_build_object(
        'account', this_account, 'now', moment, 'epoch', epoch, 'state', state, 'since', since,
        'paused_until', paused_until
    ));
END
$function$;
