-- Schema of a ledger in PostgreSQL, version 2. docs/ledger.md documents it for users who query a ledger.
-- Intents and attempts are only ever added, and the status of a row is derived from the last of each: that writes half
-- as much as changing the row, and leaves nothing to be vacuumed. Both take their IDs from one sequence, so that of an
-- intent and an attempt of one row the later one is known.

-- name: versions
-- The versions of this schema that were installed, and by which version of the program.
CREATE TABLE versions (
    version integer PRIMARY KEY,
    program text NOT NULL,
    installed timestamptz NOT NULL DEFAULT now()
);

-- name: events
-- IDs of intents and of attempts.
CREATE SEQUENCE events;

-- name: manifest
-- The job of the ledger: job_id, settings (JSON), created_at, created_by; planned_at after the first complete plan.
CREATE TABLE manifest (
    name text PRIMARY KEY,
    value text NOT NULL
);

-- name: notes
-- Values that a run stores for later runs; rows do not depend on them.
CREATE TABLE notes (
    name text PRIMARY KEY,
    value text NOT NULL
);

-- name: sources
-- The input files at the time of the plan; id counts from 0, in the order of the command line.
CREATE TABLE sources (
    id integer PRIMARY KEY,
    name text NOT NULL,
    size bigint NOT NULL,
    sha256 text NOT NULL
);

-- name: accounts
-- The accounts of a job for many accounts, with any row that was ever valid or that is in the current input.
CREATE TABLE accounts (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    sid text NOT NULL UNIQUE
);

-- name: rows
-- One row for every key that was ever valid; rows are never deleted. digest is that of the current input. Keys are
-- compared by their bytes, whatever the language of the database. A key has one row, also when the input repeats it, so
-- that no row is created twice: the unique index rows_by_key is made with the first rows (add_indexes in plan.sql).
-- account is the account in which the row is sent, NULL in a job for one account; it never changes.
CREATE TABLE rows (
    id bigint PRIMARY KEY,
    key text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    account integer
);

-- name: plan
-- The current input, one entry for each record; every plan replaces all entries. row_id is NULL when the record is
-- invalid and no request was sent for its key. account is NULL in a job for one account, and for a record that names
-- none. The index plan_by_row is made with the first entries.
CREATE TABLE plan (
    row bigint PRIMARY KEY,
    line bigint NOT NULL,
    source integer NOT NULL,
    row_id bigint,
    is_valid boolean NOT NULL,
    account integer
);

-- name: invalid
-- The invalid records of the current input that have no row. key is NULL when no key column gives one.
CREATE TABLE invalid (
    row bigint PRIMARY KEY,
    key text,
    error_code text NOT NULL,
    error text NOT NULL
);

-- name: problems
-- The problems of the invalid records, numbered in the order in which they were found.
CREATE TABLE problems (
    row bigint NOT NULL,
    number integer NOT NULL,
    field text NOT NULL,
    input_column text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (row, number)
);

-- name: runs
-- Every execution of the command. ended is NULL while the run is active, and for a run that was killed.
CREATE TABLE runs (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    run_id text NOT NULL UNIQUE,
    started double precision NOT NULL,
    ended double precision,
    exit_code integer,
    version text NOT NULL,
    pid integer NOT NULL
);

-- name: workers
-- Every process that had the ledger open for writing; the id is never used twice. last_commit numbers its commits, so
-- that one whose answer was lost is not executed twice. The other columns are for the workers of a shared run: its
-- generation, by what the death of the process is known on its machine, until when it may write without a new renewal,
-- whether its run was replaced by another one, when it was fenced or has ended by itself, until when requests of it may
-- still be answered after that, and its figures as JSON.
CREATE TABLE workers (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    started double precision NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    last_commit bigint NOT NULL DEFAULT 0,
    generation integer,
    machine text NOT NULL DEFAULT '',
    process_start text NOT NULL DEFAULT '',
    lease_until timestamptz,
    is_replaced boolean NOT NULL DEFAULT false,
    fenced_at timestamptz,
    ended_at timestamptz,
    doubt_until timestamptz,
    figures text NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);

-- name: histories
-- The histories of old chats, as in a SQLite ledger: total is the number of messages in the file, posted the number of
-- those that are in the conversation. posted_digest is a digest of the posted messages, sent_digest one of these and the
-- one sent last. status is NULL while there is nothing to post. worker sent the last message. It is the one table that
-- changes with each message.
CREATE TABLE histories (
    row_id bigint PRIMARY KEY,
    total integer NOT NULL,
    posted integer NOT NULL DEFAULT 0,
    status text,
    posted_digest bytea,
    sent_digest bytea,
    worker bigint
) WITH (fillfactor = 70);

-- name: intents
-- From this moment on, a request of this step (create or message) for the row may be in flight. An intent whose request
-- was certainly not sent is deleted. number counts the row's requests of that step. identity is the one that was asked
-- for; owes_message and owes_settings say what is to be done once the row is created. digest is that of the row then.
CREATE TABLE intents (
    id bigint NOT NULL DEFAULT nextval('events'),
    row_id bigint NOT NULL,
    step text NOT NULL,
    number integer NOT NULL,
    worker bigint NOT NULL,
    identity text,
    owes_message boolean NOT NULL,
    owes_settings boolean NOT NULL,
    digest bytea NOT NULL
);

-- name: creations
-- The intents to create a row. With the ID in it, what is asked about all rows is read from the index alone.
CREATE UNIQUE INDEX creations ON intents (row_id, number) INCLUDE (id) WHERE step = 'create';

-- name: posts
-- The intents to post a row's first message.
CREATE UNIQUE INDEX posts ON intents (row_id, number) WHERE step = 'message';

-- name: attempts
-- Every request and every look-up for a row, as in a SQLite ledger, append-only. row_status, message_status,
-- settings_status and history_status are what the row, its first message, the settings of its conversation or the last
-- message of its history are since then, NULL where the attempt says nothing about it, and none for what is not to be
-- done any more. Some steps are no requests:
-- message_release is an intent that was cancelled, message_drop and settings_drop what the input asks for no more,
-- message_hold and message_free a message that waits for settings or waits no more.
CREATE TABLE attempts (
    id bigint PRIMARY KEY DEFAULT nextval('events'),
    row_id bigint NOT NULL,
    run integer,
    step text NOT NULL,
    number integer NOT NULL,
    class text NOT NULL,
    due double precision,
    sent double precision,
    ended double precision NOT NULL,
    http_status integer,
    error_code text,
    error text,
    conversation_sid text,
    identity text,
    message_sid text,
    twilio_request_id text,
    retry_after_s double precision,
    may_leave_orphan boolean NOT NULL DEFAULT false,
    row_status text,
    message_status text,
    settings_status text,
    history_status text
);

-- name: row_outcomes
-- The attempts that decided what a row is. The status is in it for the same reason.
CREATE INDEX row_outcomes ON attempts (row_id, id) INCLUDE (row_status) WHERE row_status IS NOT NULL;

-- name: doubts
-- The attempts after which a row was unknown.
CREATE INDEX doubts ON attempts (row_id) WHERE row_status = 'unknown';

-- name: message_outcomes
-- The attempts that decided what a first message is.
CREATE INDEX message_outcomes ON attempts (row_id, id) WHERE message_status IS NOT NULL;

-- name: settings_outcomes
-- The attempts that decided what the settings of a conversation are.
CREATE INDEX settings_outcomes ON attempts (row_id, id) WHERE settings_status IS NOT NULL;

-- name: history_outcomes
-- The attempts to post messages of a history.
CREATE INDEX history_outcomes ON attempts (row_id, id) WHERE history_status IS NOT NULL;

-- name: attempts_by_conversation
-- The conversations that were named as created, to find one that is named for two rows.
CREATE INDEX attempts_by_conversation ON attempts (conversation_sid)
WHERE class = 'created' AND conversation_sid IS NOT NULL;

-- name: orphans
-- The attempts that may have left a conversation without a customer.
CREATE INDEX orphans ON attempts (id) WHERE may_leave_orphan;

-- name: closures
-- Close status of the conversations of created rows, as in a SQLite ledger.
CREATE TABLE closures (
    row_id bigint PRIMARY KEY,
    state text NOT NULL,
    last_attempt bigint NOT NULL,
    service_sid text
);

-- name: users
-- What became of the guests of closed conversations, as in a SQLite ledger.
CREATE TABLE users (
    row_id bigint PRIMARY KEY,
    state text,
    in_flight boolean NOT NULL,
    last_attempt bigint,
    service_sid text
);

-- name: row_state
-- What a row is: in flight when its last intent (asked) is later than the attempt that decided it last (decided).
CREATE FUNCTION row_state(asked bigint, decided bigint, status text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $function$
SELECT CASE WHEN asked > coalesce(decided, 0) THEN 'in_flight' ELSE coalesce(status, 'pending') END
$function$;

-- name: follow_up_state
-- What a first message or the settings of a conversation are: NULL when there are none. asked is the last intent of this
-- step, decided the attempt that decided it last, begun the last intent to create the row and is_owed what that says.
CREATE FUNCTION follow_up_state(asked bigint, decided bigint, status text, begun bigint, is_owed boolean) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $function$
SELECT CASE
    WHEN asked > coalesce(decided, 0) THEN 'in_flight'
    WHEN decided > coalesce(begun, 0) THEN nullif(status, 'none')
    WHEN is_owed THEN 'pending'
END
$function$;

-- name: states
-- What each row is: the columns of the table rows of a SQLite ledger, without those of what follows. For questions about
-- some rows; all_states is the same for those about all. The sum in ORDER BY keeps the planner from reading the primary
-- key backwards until it meets the row: it must take the index of the row's attempts.
CREATE VIEW states AS
SELECT
    rows.id,
    rows.key,
    rows.digest,
    row_state(asked.id, outcome.id, outcome.row_status) AS status,
    asked.identity AS asked_identity,
    coalesce(asked.number, 0) AS attempts,
    asked.digest <> rows.digest AS is_changed,
    asked.owes_message,
    asked.owes_settings,
    asked.id AS last_intent,
    outcome.id AS last_attempt
FROM rows
LEFT JOIN LATERAL (
    SELECT id, number, identity, owes_message, owes_settings, digest
    FROM intents
    WHERE intents.row_id = rows.id AND intents.step = 'create'
    ORDER BY number DESC
    LIMIT 1
) AS asked ON true
LEFT JOIN LATERAL (
    SELECT id, row_status
    FROM attempts
    WHERE attempts.row_id = rows.id AND attempts.row_status IS NOT NULL
    ORDER BY id + 0 DESC
    LIMIT 1
) AS outcome ON true;

-- name: follow_ups
-- The same with the first message of each row and the settings of its conversation: NULL when there are none. Both count
-- once the row is created.
CREATE VIEW follow_ups AS
SELECT
    states.*,
    follow_up_state(post.id, outcome.id, outcome.message_status, states.last_intent, states.owes_message) AS message,
    outcome.id AS last_message,
    post.digest AS message_digest,
    follow_up_state(NULL, setting.id, setting.settings_status, states.last_intent, states.owes_settings) AS settings,
    setting.id AS last_settings,
    histories.status AS history,
    coalesce(histories.total, 0) AS history_total,
    coalesce(histories.posted, 0) AS history_posted
FROM states
LEFT JOIN histories ON histories.row_id = states.id
LEFT JOIN LATERAL (
    SELECT id, digest
    FROM intents
    WHERE intents.row_id = states.id AND intents.step = 'message'
    ORDER BY number DESC
    LIMIT 1
) AS post ON true
LEFT JOIN LATERAL (
    SELECT id, message_status
    FROM attempts
    WHERE attempts.row_id = states.id AND attempts.message_status IS NOT NULL
    ORDER BY id + 0 DESC
    LIMIT 1
) AS outcome ON true
LEFT JOIN LATERAL (
    SELECT id, settings_status
    FROM attempts
    WHERE attempts.row_id = states.id AND attempts.settings_status IS NOT NULL
    ORDER BY id + 0 DESC
    LIMIT 1
) AS setting ON true;

-- name: last_intents
-- The last intent to create each row. The order is that of the index read backwards, here and in the next views.
CREATE VIEW last_intents AS
SELECT DISTINCT ON (row_id) * FROM intents WHERE step = 'create' ORDER BY row_id DESC, number DESC;

-- name: last_posts
-- The last intent to post the first message of each row.
CREATE VIEW last_posts AS
SELECT DISTINCT ON (row_id) * FROM intents WHERE step = 'message' ORDER BY row_id DESC, number DESC;

-- name: last_outcomes
-- The attempt that decided last what each row is.
CREATE VIEW last_outcomes AS
SELECT DISTINCT ON (row_id) * FROM attempts WHERE row_status IS NOT NULL ORDER BY row_id DESC, id DESC;

-- name: last_message_outcomes
-- The same for first messages.
CREATE VIEW last_message_outcomes AS
SELECT DISTINCT ON (row_id) * FROM attempts WHERE message_status IS NOT NULL ORDER BY row_id DESC, id DESC;

-- name: last_settings_outcomes
-- The same for settings.
CREATE VIEW last_settings_outcomes AS
SELECT DISTINCT ON (row_id) * FROM attempts WHERE settings_status IS NOT NULL ORDER BY row_id DESC, id DESC;

-- name: last_history_outcomes
-- The same for histories.
CREATE VIEW last_history_outcomes AS
SELECT DISTINCT ON (row_id) * FROM attempts WHERE history_status IS NOT NULL ORDER BY row_id DESC, id DESC;

-- name: all_states
-- The view states for questions about all rows: each table is read once and in the order of the rows, instead of being
-- searched for each row.
CREATE VIEW all_states AS
SELECT
    rows.id,
    rows.key,
    rows.digest,
    row_state(asked.id, outcome.id, outcome.row_status) AS status,
    asked.identity AS asked_identity,
    coalesce(asked.number, 0) AS attempts,
    asked.digest <> rows.digest AS is_changed,
    asked.owes_message,
    asked.owes_settings,
    asked.id AS last_intent,
    outcome.id AS last_attempt
FROM rows
LEFT JOIN last_intents AS asked ON asked.row_id = rows.id
LEFT JOIN last_outcomes AS outcome ON outcome.row_id = rows.id;

-- name: all_follow_ups
-- The view follow_ups for questions about all rows.
CREATE VIEW all_follow_ups AS
SELECT
    all_states.*,
    follow_up_state(post.id, outcome.id, outcome.message_status, all_states.last_intent, all_states.owes_message)
        AS message,
    outcome.id AS last_message,
    post.digest AS message_digest,
    follow_up_state(NULL, setting.id, setting.settings_status, all_states.last_intent, all_states.owes_settings)
        AS settings,
    setting.id AS last_settings,
    histories.status AS history,
    coalesce(histories.total, 0) AS history_total,
    coalesce(histories.posted, 0) AS history_posted
FROM all_states
LEFT JOIN histories ON histories.row_id = all_states.id
LEFT JOIN last_posts AS post ON post.row_id = all_states.id
LEFT JOIN last_message_outcomes AS outcome ON outcome.row_id = all_states.id
LEFT JOIN last_settings_outcomes AS setting ON setting.row_id = all_states.id;

-- name: outcomes
-- The columns of the results file that say what became of a row, at any time during the job. OFFSET keeps the planner from
-- computing each status again wherever it is named.
CREATE VIEW outcomes AS
SELECT
    follow_ups.id AS row_id,
    follow_ups.key,
    CASE follow_ups.status WHEN 'pending' THEN 'unsent' WHEN 'in_flight' THEN 'unknown' ELSE follow_ups.status END AS status,
    CASE WHEN follow_ups.status <> 'unknown' THEN attempts.conversation_sid END AS conversation_sid,
    CASE follow_ups.status WHEN 'in_flight' THEN follow_ups.asked_identity ELSE attempts.identity END AS identity,
    CASE follow_ups.status
        WHEN 'pending' THEN 'stopped'
        WHEN 'in_flight' THEN 'interrupted'
        WHEN 'created' THEN coalesce(
            CASE follow_ups.settings
                WHEN 'pending' THEN 'settings_unsent'
                WHEN 'set' THEN NULL
                WHEN 'duplicate' THEN 'duplicate'
                ELSE 'settings_' || follow_ups.settings
            END,
            CASE follow_ups.history
                WHEN 'posted' THEN NULL
                WHEN 'pending' THEN 'history_unsent'
                WHEN 'in_flight' THEN 'history_unknown'
                ELSE 'history_' || follow_ups.history
            END,
            CASE follow_ups.message
                WHEN 'pending' THEN 'message_unsent'
                WHEN 'in_flight' THEN 'message_unknown'
                WHEN 'posted' THEN 'message_' || posts.error_code
                ELSE 'message_' || follow_ups.message
            END,
            attempts.error_code
        )
        ELSE attempts.error_code
    END AS error_code,
    CASE follow_ups.status
        WHEN 'pending' THEN 'not sent yet: the same command sends it'
        WHEN 'in_flight' THEN 'the request may have left, and no answer was recorded'
        WHEN 'created' THEN coalesce(
            CASE follow_ups.settings
                WHEN 'pending' THEN 'its settings are not set yet: the same command sets them'
                WHEN 'set' THEN NULL
                ELSE 'settings: ' || updates.error || coalesce(' (' || updates.error_code || ')', '')
            END || coalesce('; ' || attempts.error, ''),
            CASE follow_ups.history
                WHEN 'posted' THEN NULL
                WHEN 'pending' THEN 'history: ' || follow_ups.history_posted || ' of ' || follow_ups.history_total
                    || ' messages are posted: the same command posts the rest'
                WHEN 'in_flight' THEN 'history: a message may have been posted, and no answer was recorded'
                ELSE 'history: message ' || (follow_ups.history_posted + 1) || ' of ' || follow_ups.history_total || ': '
                    || chats.error || coalesce(' (' || chats.error_code || ')', '')
            END || coalesce('; ' || attempts.error, ''),
            CASE follow_ups.message
                WHEN 'pending' THEN 'the first message is not posted yet: the same command posts it'
                WHEN 'in_flight' THEN 'the first message may have been posted, and no answer was recorded'
                ELSE 'first message: ' || posts.error || coalesce(' (' || posts.error_code || ')', '')
            END || coalesce('; ' || attempts.error, ''),
            attempts.error
        )
        ELSE attempts.error
    END AS error,
    attempts.http_status,
    follow_ups.attempts,
    attempts.twilio_request_id,
    to_char(to_timestamp(round(attempts.ended * 1000) / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        AS settled_at,
    round((attempts.ended - attempts.sent) * 1000000) / 1000 AS latency_ms,
    CASE WHEN follow_ups.status = 'created' AND follow_ups.message = 'posted' THEN posts.message_sid END AS message_sid
FROM (SELECT * FROM all_follow_ups OFFSET 0) AS follow_ups
LEFT JOIN last_outcomes AS attempts
    ON attempts.row_id = follow_ups.id AND follow_ups.status NOT IN ('pending', 'in_flight')
LEFT JOIN last_message_outcomes AS posts ON posts.row_id = follow_ups.id
LEFT JOIN last_settings_outcomes AS updates ON updates.row_id = follow_ups.id
LEFT JOIN last_history_outcomes AS chats
    ON chats.row_id = follow_ups.id AND follow_ups.history IN ('rejected', 'unknown', 'unsent');

-- name: results
-- The results file as a view: one line for each record of the current input.
CREATE VIEW results AS
SELECT
    plan.row,
    plan.line,
    coalesce(sources.name, '') AS source,
    coalesce(outcomes.key, invalid.key) AS key,
    coalesce(outcomes.status, 'invalid') AS status,
    outcomes.conversation_sid,
    outcomes.identity,
    coalesce(outcomes.error_code, invalid.error_code) AS error_code,
    coalesce(outcomes.error, invalid.error) AS error,
    outcomes.http_status,
    coalesce(outcomes.attempts, 0) AS attempts,
    outcomes.twilio_request_id,
    outcomes.settled_at,
    outcomes.latency_ms,
    outcomes.message_sid,
    accounts.sid AS account_sid
FROM plan
LEFT JOIN sources ON sources.id = plan.source
LEFT JOIN outcomes ON outcomes.row_id = plan.row_id
LEFT JOIN invalid ON invalid.row = plan.row AND plan.row_id IS NULL
LEFT JOIN accounts ON accounts.id = plan.account;

-- name: next_rows
-- The next rows to send after row number $1, in input order, that have one of the statuses $2, at most $3; with $4, only
-- those of this account. The settings make the planner walk through the plan in its order, and stop as soon as it has
-- enough.
CREATE FUNCTION next_rows(bigint, text[], bigint, integer DEFAULT NULL) RETURNS TABLE (
    id bigint, plan_row bigint, key text, digest bytea, conversation_sid text, identity text, is_in_doubt boolean,
    owed text, history_total integer, history_posted integer
)
LANGUAGE sql STABLE
SET enable_sort = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
AS $function$
SELECT plan.row_id, plan.row, states.key, states.digest, '', '', states.status = 'unknown', '', 0, 0
FROM plan
JOIN states ON states.id = plan.row_id
WHERE plan.row > $1 AND plan.is_valid AND ($4 IS NULL OR plan.account = $4) AND states.status = ANY ($2::text[])
ORDER BY plan.row
LIMIT $3;
$function$;

-- name: next_owing_rows
-- The same, and created rows whose message has one of the statuses $3, or whose settings have one of the statuses $4, at
-- most $5, in the account $6 if it is given. The last columns hold the steps that a created row owes, separated by spaces, and the numbers of messages
-- of its history and of those that are posted. A history waits for settings, a message for both.
CREATE FUNCTION next_owing_rows(bigint, text[], text[], text[], bigint, integer DEFAULT NULL) RETURNS TABLE (
    id bigint, plan_row bigint, key text, digest bytea, conversation_sid text, identity text, is_in_doubt boolean,
    owed text, history_total integer, history_posted integer
)
LANGUAGE sql STABLE
SET enable_sort = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
AS $function$
SELECT
    plan.row_id, plan.row, follow_ups.key, follow_ups.digest,
    CASE follow_ups.status WHEN 'created' THEN coalesce(attempts.conversation_sid, '') ELSE '' END,
    CASE follow_ups.status WHEN 'created' THEN coalesce(attempts.identity, '') ELSE '' END,
    follow_ups.status = 'unknown',
    CASE follow_ups.status
        WHEN 'created' THEN
            CASE WHEN follow_ups.settings = ANY ($4::text[]) THEN 'settings ' ELSE '' END
            || CASE WHEN follow_ups.history = ANY ($3::text[]) THEN 'history ' ELSE '' END
            || CASE
                WHEN (coalesce(follow_ups.history, 'posted') = 'posted' OR follow_ups.history = ANY ($3::text[]))
                    AND (follow_ups.message = ANY ($3::text[]) OR follow_ups.message = 'held') THEN 'message'
                ELSE ''
            END
        ELSE ''
    END,
    follow_ups.history_total, follow_ups.history_posted
FROM plan
JOIN follow_ups ON follow_ups.id = plan.row_id
LEFT JOIN attempts ON attempts.id = follow_ups.last_attempt
WHERE plan.row > $1 AND plan.is_valid AND ($6 IS NULL OR plan.account = $6) AND (
    follow_ups.status = ANY ($2::text[])
    OR (
        follow_ups.status = 'created'
        AND (
            follow_ups.settings = ANY ($4::text[])
            OR (
                coalesce(follow_ups.settings, 'set') = 'set'
                AND CASE coalesce(follow_ups.history, 'posted')
                    WHEN 'posted' THEN follow_ups.message
                    ELSE follow_ups.history
                END = ANY ($3::text[])
            )
        )
    )
)
ORDER BY plan.row
LIMIT $5;
$function$;

-- name: settlement
-- What became of a row, its message, its settings or its history: the columns of an attempt, without those that the
-- server fills, and whether the conversation is compared with those of other rows.
CREATE TYPE settlement AS (
    id bigint, step text, class text, due double precision, sent double precision, ended double precision,
    http_status integer, error_code text, error text, sid text, identity text, message_sid text, request_id text,
    retry_after_s double precision, orphan boolean, row_status text, message_status text, settings_status text,
    history_status text, is_checked boolean
);

-- name: beginning
-- An intent to create a row.
CREATE TYPE beginning AS (id bigint, identity text, owes_message boolean, owes_settings boolean);

-- name: other_change
-- Another change of a row: release, post, chat, chat_release, message_release, message_drop or settings_drop. The digest
-- is for chat.
CREATE TYPE other_change AS (id bigint, change text, digest bytea);

-- name: write_commit
-- Execute the commit of this number of a worker: add attempts, then intents, then the other changes. One that was
-- executed already is not executed again, so that it may be repeated when its answer was lost. Returned are the rows
-- for which Twilio named the conversation of another row; with these nothing was done: row ID, SID, the input row
-- number of the first owner (NULL when it has left the input), and whether both rows asked for the same identity. An error
-- is raised, and nothing is written, for a worker that was fenced, for what it may do no more because its run was
-- replaced, and for an intent that is no longer allowed: the line of the worker is locked, so that nobody fences it
-- meanwhile. The settings have its statements planned once, and not for each commit, which costs as much as 50 rows.
CREATE FUNCTION write_commit(
    this_worker bigint, this_commit bigint, this_run integer, settled settlement[], begun beginning[],
    changed other_change[]
) RETURNS TABLE (row_id bigint, sid text, first_row bigint, is_same_guest boolean)
LANGUAGE plpgsql
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET enable_material = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
    is_new boolean;
    has_replaced_run boolean;
    added bigint;
    is_looked_up boolean;
    has_checked boolean;
    has_follow_ups boolean;
    has_settings boolean;
    has_history boolean;
    shared bigint[];
BEGIN
    SELECT
        bool_or(step IN ('lookup', 'message_lookup', 'history_lookup')), bool_or(is_checked),
        bool_or(row_status IS NULL), bool_or(settings_status IS NOT NULL), bool_or(history_status IS NOT NULL)
    INTO is_looked_up, has_checked, has_follow_ups, has_settings, has_history
    FROM unnest(settled);
    UPDATE workers SET last_commit = this_commit
    WHERE id = this_worker AND last_commit < this_commit AND fenced_at IS NULL AND ended_at IS NULL
    RETURNING is_replaced INTO has_replaced_run;
    is_new := FOUND;
    IF NOT is_new THEN
        PERFORM require_executed(this_worker, this_commit);
    ELSIF has_replaced_run THEN
        PERFORM require_own(this_worker, settled, begun, changed);
    ELSIF is_looked_up THEN
        PERFORM require_looker(this_worker);
    END IF;
    IF has_checked THEN
        shared := ARRAY(
            SELECT came.id
            FROM unnest(settled) AS came
            WHERE came.is_checked AND EXISTS (
                SELECT 1
                FROM attempts
                WHERE attempts.class = 'created' AND attempts.conversation_sid = came.sid AND attempts.row_id <> came.id
            )
        );
    END IF;
    IF cardinality(shared) > 0 THEN
        RETURN QUERY
        SELECT
            came.id, came.sid,
            (SELECT min(plan.row) FROM plan WHERE plan.row_id = owners.id),
            coalesce(owners.asked_identity = mine.asked_identity, false)
        FROM unnest(settled) AS came
        JOIN LATERAL (
            SELECT attempts.row_id
            FROM attempts
            WHERE attempts.class = 'created' AND attempts.conversation_sid = came.sid AND attempts.row_id <> came.id
            ORDER BY attempts.id + 0
            LIMIT 1
        ) AS firsts ON true
        JOIN states AS owners ON owners.id = firsts.row_id
        JOIN states AS mine ON mine.id = came.id
        WHERE came.id = ANY (shared);
        settled := ARRAY(SELECT came FROM unnest(settled) AS came WHERE came.id <> ALL (shared));
    END IF;
    IF NOT is_new THEN
        RETURN;
    END IF;
    IF cardinality(settled) > 0 AND NOT has_follow_ups THEN
        INSERT INTO attempts (
            row_id, run, step, number, class, due, sent, ended, http_status, error_code, error, conversation_sid,
            identity, twilio_request_id, retry_after_s, may_leave_orphan, row_status
        )
        SELECT
            came.id, this_run, came.step,
            coalesce(
                (
                    SELECT intents.number FROM intents
                    WHERE intents.row_id = came.id AND intents.step = 'create'
                    ORDER BY intents.number DESC
                    LIMIT 1
                ),
                0
            ),
            came.class, came.due, came.sent, came.ended, came.http_status, came.error_code, came.error, came.sid,
            came.identity, came.request_id, came.retry_after_s, came.orphan, came.row_status
        FROM unnest(settled) AS came;
    ELSIF cardinality(settled) > 0 THEN
        INSERT INTO attempts (
            row_id, run, step, number, class, due, sent, ended, http_status, error_code, error, conversation_sid,
            identity, message_sid, twilio_request_id, retry_after_s, may_leave_orphan, row_status, message_status,
            settings_status, history_status
        )
        SELECT
            came.id, this_run, came.step,
            CASE
                WHEN came.settings_status IS NOT NULL THEN (
                    SELECT coalesce(max(attempts.number), 0) + 1 FROM attempts
                    WHERE attempts.row_id = came.id AND attempts.settings_status IS NOT NULL
                )
                WHEN came.history_status IS NOT NULL THEN (
                    SELECT coalesce(max(attempts.number), 0) FROM attempts
                    WHERE attempts.row_id = came.id AND attempts.history_status IS NOT NULL
                ) + (came.step = 'history')::integer
                WHEN came.row_status IS NULL THEN (
                    SELECT coalesce(max(attempts.number), 0) FROM attempts
                    WHERE attempts.row_id = came.id AND attempts.message_status IS NOT NULL
                ) + (came.step = 'message')::integer
                ELSE coalesce(
                    (
                        SELECT intents.number FROM intents
                        WHERE intents.row_id = came.id AND intents.step = 'create'
                        ORDER BY intents.number DESC
                        LIMIT 1
                    ),
                    0
                )
            END,
            came.class, came.due, came.sent, came.ended, came.http_status, came.error_code, came.error, came.sid,
            came.identity, came.message_sid, came.request_id, came.retry_after_s, came.orphan, came.row_status,
            came.message_status, came.settings_status, came.history_status
        FROM unnest(settled) AS came;
    END IF;
    IF has_settings THEN
        INSERT INTO attempts (row_id, run, step, number, class, ended, message_status)
        SELECT
            follow_ups.id, this_run, CASE came.settings_status WHEN 'set' THEN 'message_free' ELSE 'message_hold' END, 0,
            'not_processed', extract(epoch FROM clock_timestamp()),
            CASE came.settings_status WHEN 'set' THEN 'pending' ELSE 'held' END
        FROM unnest(settled) AS came
        JOIN follow_ups ON follow_ups.id = came.id
        WHERE (came.settings_status IN ('rejected', 'duplicate') AND follow_ups.message IN ('pending', 'unsent'))
            OR (came.settings_status = 'set' AND follow_ups.message = 'held');
    END IF;
    IF has_history THEN
        UPDATE histories SET
            posted = posted + (came.history_status = 'posted')::integer,
            posted_digest = CASE came.history_status WHEN 'posted' THEN sent_digest ELSE posted_digest END,
            status = CASE
                WHEN came.history_status = 'posted' AND posted + 1 < total THEN 'pending'
                ELSE came.history_status
            END
        FROM unnest(settled) AS came
        WHERE histories.row_id = came.id AND came.history_status IS NOT NULL;
    END IF;
    IF cardinality(begun) > 0 THEN
        INSERT INTO intents (row_id, step, number, worker, identity, owes_message, owes_settings, digest)
        SELECT
            states.id, 'create', states.attempts + 1, this_worker, came.identity, came.owes_message, came.owes_settings,
            states.digest
        FROM unnest(begun) AS came
        JOIN states ON states.id = came.id
        WHERE states.status NOT IN ('in_flight', 'created');
        GET DIAGNOSTICS added = ROW_COUNT;
        PERFORM require_begun(cardinality(begun), added);
    END IF;
    IF cardinality(changed) > 0 THEN
        DELETE FROM intents
        USING unnest(changed) AS came, states
        WHERE came.change = 'release' AND states.id = came.id AND states.status = 'in_flight'
            AND intents.id = states.last_intent AND intents.row_id = states.id AND intents.step = 'create'
            AND intents.worker = this_worker;
        INSERT INTO intents (row_id, step, number, worker, owes_message, owes_settings, digest)
        SELECT
            follow_ups.id, 'message',
            1 + (
                SELECT coalesce(max(intents.number), 0) FROM intents
                WHERE intents.row_id = follow_ups.id AND intents.step = 'message'
            ),
            this_worker, false, false, follow_ups.digest
        FROM unnest(changed) AS came
        JOIN follow_ups ON follow_ups.id = came.id
        WHERE came.change = 'post' AND follow_ups.status = 'created'
            AND follow_ups.message NOT IN ('in_flight', 'posted');
        GET DIAGNOSTICS added = ROW_COUNT;
        PERFORM require_begun((SELECT count(*) FROM unnest(changed) WHERE change = 'post'), added);
        WITH updated AS (
            UPDATE histories SET
                status = CASE came.change WHEN 'chat' THEN 'in_flight' ELSE 'pending' END,
                sent_digest = coalesce(came.digest, sent_digest),
                worker = this_worker
            FROM unnest(changed) AS came, states
            WHERE histories.row_id = came.id AND states.id = came.id AND (
                (came.change = 'chat' AND states.status = 'created' AND histories.status NOT IN ('in_flight', 'posted'))
                OR (came.change = 'chat_release' AND histories.status = 'in_flight' AND worker = this_worker)
            )
            RETURNING came.change
        )
        SELECT count(*) FILTER (WHERE updated.change = 'chat') INTO added FROM updated;
        PERFORM require_begun((SELECT count(*) FROM unnest(changed) WHERE change = 'chat'), added);
        INSERT INTO attempts (row_id, run, step, number, class, ended, message_status, settings_status)
        SELECT
            follow_ups.id, this_run, came.change, 0, 'not_processed', extract(epoch FROM clock_timestamp()),
            CASE
                WHEN came.change = 'message_release' THEN 'pending'
                WHEN came.change = 'message_drop' THEN 'none'
                WHEN follow_ups.message = 'held' THEN 'pending'
            END,
            CASE came.change WHEN 'settings_drop' THEN 'none' END
        FROM unnest(changed) AS came
        JOIN follow_ups ON follow_ups.id = came.id
        WHERE (came.change = 'message_release' AND follow_ups.message = 'in_flight')
            OR (came.change = 'message_drop' AND follow_ups.message IN ('pending', 'unsent', 'rejected', 'held'))
            OR (came.change = 'settings_drop' AND follow_ups.settings <> 'set');
    END IF;
END
$function$;
