-- Queries and writes of a run.

-- name: write_commit
-- Commit the changes of many rows; see the function in schema.sql.
SELECT row_id, sid, first_row, is_same_guest
FROM write_commit($1, $2, $3, $4, $5, $6);

-- name: begin_commit
-- Begin a commit of other changes; false is returned when it was executed already.
SELECT begin_commit($1, $2, $3);

-- name: analyze
-- Tell the planner how large the tables are, and so have it plan anew.
ANALYZE intents;
ANALYZE attempts;

-- name: set_note
-- Set a note for later runs.
INSERT INTO notes (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: start_run
-- Record the start of a run and return its number; once, also when this is repeated.
INSERT INTO runs (run_id, started, version, pid) VALUES ($1, $2, $3, $4)
ON CONFLICT (run_id) DO UPDATE SET started = excluded.started
RETURNING id;

-- name: finish_run
-- Record the end of a run and its exit code.
UPDATE runs SET ended = $1, exit_code = $2 WHERE id = $3;

-- name: last_event
-- The ID of the last intent or attempt.
SELECT last_value FROM events;

-- name: count_interrupted
-- Number of attempts after that event whose reply was not recorded.
SELECT count(*) FROM attempts WHERE id > $1 AND error_code = 'interrupted';

-- name: recover
-- Make unknown what is in flight of processes that are not live workers.
SELECT recover();

-- name: claim
-- The next rows to send after row number $1, in input order, that have one of the statuses $2.
SELECT * FROM next_rows($1, $2, $3);

-- name: claim_in_account
-- The same in the account of the SID $4.
SELECT found.*
FROM accounts
CROSS JOIN LATERAL next_rows($1, $2, $3, accounts.id) AS found
WHERE accounts.sid = $4;

-- name: claim_owing
-- The same, and created rows whose message has one of the statuses $3, or whose settings have one of the statuses $4.
SELECT * FROM next_owing_rows($1, $2, $3, $4, $5);

-- name: claim_owing_in_account
-- The same in the account of the SID $6.
SELECT found.*
FROM accounts
CROSS JOIN LATERAL next_owing_rows($1, $2, $3, $4, $5, accounts.id) AS found
WHERE accounts.sid = $6;

-- name: count_claimable
-- Number of rows that the statement claim returns in all, 0, and the number of the first one.
SELECT least(count(*), $2), 0::bigint, min(plan.row)
FROM plan
LEFT JOIN last_intents AS asked ON asked.row_id = plan.row_id
LEFT JOIN last_outcomes AS outcome ON outcome.row_id = plan.row_id
WHERE plan.is_valid AND row_state(asked.id, outcome.id, outcome.row_status) = ANY ($1::text[]);

-- name: count_claimable_owing
-- Number of rows that claim_owing returns in all, how many of them are created, and the number of the first one.
SELECT count(*), count(*) FILTER (WHERE status = 'created'), min(row)
FROM (
    SELECT plan.row, follow_ups.status
    FROM plan
    JOIN all_follow_ups AS follow_ups ON follow_ups.id = plan.row_id
    WHERE plan.is_valid AND (
        follow_ups.status = ANY ($1::text[])
        OR (
            follow_ups.status = 'created'
            AND (
                follow_ups.settings = ANY ($3::text[])
                OR (
                    coalesce(follow_ups.settings, 'set') = 'set'
                    AND CASE coalesce(follow_ups.history, 'posted')
                        WHEN 'posted' THEN follow_ups.message
                        ELSE follow_ups.history
                    END = ANY ($2::text[])
                )
            )
        )
    )
    ORDER BY plan.row
    LIMIT $4
) AS claimable;

-- name: claimable_by_account
-- Number of rows that claim or claim_owing return in all for each account, without and with created rows, in the order of
-- their first rows; $1 to $5 are the parameters of claim_owing.
SELECT accounts.sid, count(*) FILTER (WHERE status <> 'created'), count(*) FILTER (WHERE status = 'created')
FROM (
    SELECT plan.row, plan.account, follow_ups.status
    FROM plan
    JOIN all_follow_ups AS follow_ups ON follow_ups.id = plan.row_id
    WHERE plan.row > $1 AND plan.is_valid AND (
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
    LIMIT $5
) AS claimable
JOIN accounts ON accounts.id = claimable.account
GROUP BY accounts.sid
ORDER BY min(claimable.row);

-- name: unknown
-- The unknown rows of the current input, with the identity that was requested, the time at which the first attempt in
-- doubt was sent, the end of the last attempt, and whether any attempt was answered with 201. The last column is the
-- digest of a row whose input can be sent.
WITH doubtful AS (
    SELECT plan.row, plan.is_valid, states.*
    FROM plan
    JOIN states ON states.id = plan.row_id
    WHERE plan.row_id IN (SELECT row_id FROM attempts WHERE row_status = 'unknown') AND states.status = 'unknown'
)
SELECT
    doubtful.id, doubtful.row, doubtful.key, coalesce(attempts.identity, doubtful.asked_identity, ''),
    coalesce(doubts.since, attempts.ended), attempts.ended, coalesce(doubts.is_confirmed, false),
    doubtful.asked_identity <> '' AND EXISTS (
        SELECT 1
        FROM doubtful AS others
        WHERE others.asked_identity = doubtful.asked_identity AND others.id <> doubtful.id
    ),
    '', false,
    CASE WHEN attempts.error_code = 'duplicate_sid' THEN coalesce(attempts.conversation_sid, '') ELSE '' END,
    CASE WHEN attempts.error_code = 'duplicate_sid' THEN coalesce(attempts.error, '') ELSE '' END,
    attempts.error_code IS NOT DISTINCT FROM 'duplicate_sid' AND EXISTS (
        SELECT 1
        FROM attempts AS firsts
        JOIN states AS owners ON owners.id = firsts.row_id
        WHERE firsts.class = 'created' AND firsts.conversation_sid = attempts.conversation_sid
            AND owners.asked_identity = doubtful.asked_identity
    ),
    CASE WHEN doubtful.is_valid THEN doubtful.digest END
FROM doubtful
JOIN attempts ON attempts.id = doubtful.last_attempt
LEFT JOIN LATERAL (
    SELECT
        min(coalesce(tried.sent, runs.started, tried.ended)) AS since,
        bool_or(coalesce(tried.http_status = 201, false)) AS is_confirmed
    FROM attempts AS tried
    LEFT JOIN runs ON runs.id = tried.run
    WHERE tried.row_id = doubtful.id AND tried.row_status IS NOT NULL AND tried.step = 'create' AND tried.class = 'maybe'
) AS doubts ON true
WHERE doubtful.row > $1
ORDER BY doubtful.row
LIMIT $2;

-- name: control
-- The row that Twilio's own reply reported as created most recently, with the same columns; a look-up has to find it.
-- With $1, only rows for which the reply had the requested identity.
SELECT
    states.id, 0::bigint, states.key, coalesce(states.asked_identity, ''), coalesce(attempts.sent, attempts.ended),
    attempts.ended, true, false, coalesce(attempts.conversation_sid, ''), false, '', '', false,
    NULL::bytea
FROM attempts
JOIN LATERAL (SELECT * FROM states WHERE states.id = attempts.row_id) AS states ON true
WHERE attempts.class = 'created' AND attempts.step = 'create'
    AND (NOT $1::boolean OR coalesce(attempts.identity, states.asked_identity) = states.asked_identity)
ORDER BY attempts.id DESC
LIMIT 1;

-- name: other_identity
-- Whether any reply of Twilio had another identity than the requested one.
SELECT EXISTS (
    SELECT 1
    FROM attempts
    JOIN all_states AS states ON states.id = attempts.row_id
    WHERE attempts.class = 'created' AND attempts.step = 'create' AND attempts.identity <> states.asked_identity
);

-- name: taken
-- Those of the given conversations that belong to rows.
SELECT DISTINCT conversation_sid FROM attempts WHERE class = 'created' AND conversation_sid = ANY ($1::text[]);

-- name: doubtful_messages
-- The unknown messages of the current input: their rows as claims, whether Twilio answered 201, whether the input is
-- still the one from which the message was built, and whether another row has the same conversation.
SELECT
    follow_ups.id, plan.row, follow_ups.key, follow_ups.digest, coalesce(creations.conversation_sid, ''),
    coalesce(creations.identity, ''), coalesce(posts.http_status = 201, false),
    plan.is_valid AND coalesce(follow_ups.message_digest = follow_ups.digest, false),
    EXISTS (
        SELECT 1
        FROM attempts
        WHERE attempts.class = 'created' AND attempts.conversation_sid = creations.conversation_sid
            AND attempts.row_id <> follow_ups.id
    )
FROM plan
JOIN follow_ups ON follow_ups.id = plan.row_id
JOIN attempts AS creations ON creations.id = follow_ups.last_attempt
LEFT JOIN attempts AS posts ON posts.id = follow_ups.last_message
WHERE plan.row > $1 AND plan.row_id IN (SELECT row_id FROM attempts WHERE message_status = 'unknown')
    AND follow_ups.status = 'created' AND follow_ups.message = 'unknown'
ORDER BY plan.row
LIMIT $2;
