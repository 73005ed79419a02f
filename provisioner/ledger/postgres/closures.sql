-- Queries and writes for closing or deleting the conversations of a job.

-- name: counts
-- Number of conversations that the job created, by close status; NULL stands for conversations believed open. One that
-- several rows share on purpose counts once, with the first of them; the others have the code 'shared'.
SELECT closures.state, count(*)
FROM states
JOIN attempts ON attempts.id = states.last_attempt
LEFT JOIN closures ON closures.row_id = states.id
WHERE states.status = 'created' AND attempts.conversation_sid IS NOT NULL
    AND coalesce(attempts.error_code, '') <> 'shared'
GROUP BY closures.state;

-- name: left
-- The next conversations that are not done, in the order of the rows' IDs, including rows that are no longer in the
-- input. $2 lists the statuses that are done.
SELECT states.id, attempts.conversation_sid
FROM states
JOIN attempts ON attempts.id = states.last_attempt
LEFT JOIN closures ON closures.row_id = states.id
WHERE states.id > $1 AND states.status = 'created' AND attempts.conversation_sid IS NOT NULL
    AND coalesce(attempts.error_code, '') <> 'shared'
    AND NOT coalesce(closures.state, '-') = ANY ($2::text[])
ORDER BY states.id
LIMIT $3;

-- name: count_open
-- Number of conversations that are not known to be closed, deleted or gone, and may have reached an agent.
SELECT count(*)
FROM follow_ups
JOIN attempts ON attempts.id = follow_ups.last_attempt
LEFT JOIN closures ON closures.row_id = follow_ups.id
WHERE follow_ups.status = 'created' AND attempts.conversation_sid IS NOT NULL
    AND coalesce(attempts.error_code, '') <> 'shared'
    AND coalesce(follow_ups.message, 'posted') IN ('posted', 'in_flight', 'unknown')
    AND coalesce(closures.state, '') NOT IN ('closed', 'deleted', 'gone');

-- name: open
-- The next of these conversations, in the order of the rows' IDs, if they were created before a time.
SELECT follow_ups.id, attempts.conversation_sid
FROM follow_ups
JOIN attempts ON attempts.id = follow_ups.last_attempt
LEFT JOIN closures ON closures.row_id = follow_ups.id
WHERE follow_ups.id > $1 AND follow_ups.status = 'created' AND attempts.conversation_sid IS NOT NULL
    AND attempts.ended < $2 AND coalesce(attempts.error_code, '') <> 'shared'
    AND coalesce(follow_ups.message, 'posted') IN ('posted', 'in_flight', 'unknown')
    AND coalesce(closures.state, '') NOT IN ('closed', 'deleted', 'gone')
ORDER BY follow_ups.id
LIMIT $3;

-- name: sample
-- Conversations that may still exist: those that were closed first, then others at random.
SELECT attempts.conversation_sid
FROM states
JOIN attempts ON attempts.id = states.last_attempt
LEFT JOIN closures ON closures.row_id = states.id
WHERE states.status = 'created' AND attempts.conversation_sid IS NOT NULL
    AND coalesce(attempts.error_code, '') <> 'shared' AND coalesce(closures.state, '') NOT IN ('deleted', 'gone')
ORDER BY coalesce(closures.state, '') = 'closed' DESC, random()
LIMIT $1;

-- name: has_deleted
-- Whether a conversation of this service, NULL for the account's default service, was deleted.
SELECT EXISTS (
    SELECT 1
    FROM closures
    JOIN rows ON rows.id = closures.row_id
    WHERE closures.state = 'deleted' AND closures.service_sid IS NOT DISTINCT FROM $1::text
);

-- name: accounts
-- The accounts of a job for many accounts, in the order in which they came.
SELECT sid FROM accounts ORDER BY id;

-- name: duplicates
-- Number of rows for which a look-up found more than one conversation; the SIDs of the others are not stored.
SELECT count(*)
FROM states
JOIN attempts ON attempts.id = states.last_attempt
WHERE states.status = 'created' AND attempts.error_code = 'duplicate';

-- name: orphans
-- Number of attempts that may have left a conversation without a customer.
SELECT count(*)
FROM attempts
JOIN rows ON rows.id = attempts.row_id
WHERE attempts.may_leave_orphan;

-- name: stage_adopted
-- Conversations that another ledger's job created, in their order.
CREATE TEMPORARY TABLE adopted (place bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, sid text NOT NULL) ON COMMIT DROP;

-- name: adopt_account
-- Add the account of such conversations where it is not known, and return its ID.
WITH added AS (
    INSERT INTO accounts (sid) VALUES ($1) ON CONFLICT (sid) DO NOTHING RETURNING id
)
SELECT id FROM added UNION ALL SELECT id FROM accounts WHERE sid = $1;

-- name: adopt
-- Add a row for each that has none, with its SID as the key and in the account $2, and an attempt that holds the SID.
WITH added AS (
    INSERT INTO rows (id, key, digest, account)
    SELECT
        (SELECT coalesce(max(id), 0) FROM rows) + row_number() OVER (ORDER BY min(place)), sid, ''::bytea, $2::integer
    FROM adopted
    WHERE NOT EXISTS (SELECT 1 FROM rows WHERE rows.key = adopted.sid)
    GROUP BY sid
    RETURNING id, key
)
INSERT INTO attempts (row_id, step, number, class, ended, conversation_sid, row_status)
SELECT id, 'adopted', 0, 'created', $1, key, 'created' FROM added ORDER BY id;

-- name: add_attempt
-- Add the result of an attempt to close or delete a conversation.
INSERT INTO attempts (
    row_id, run, step, number, class, due, sent, ended, http_status, error_code, error, twilio_request_id, retry_after_s
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: settle
-- Set the conversation's close status after the attempt that was just added.
INSERT INTO closures (row_id, state, last_attempt, service_sid) VALUES ($1, $2, currval('events'), $3)
ON CONFLICT (row_id) DO UPDATE
SET state = excluded.state, last_attempt = excluded.last_attempt, service_sid = excluded.service_sid;

-- name: guest_counts
-- Number of guests of the conversations that the job created, by status; NULL stands for those not handled yet. An
-- intent without an outcome is in doubt. A conversation that several rows share counts once.
SELECT CASE WHEN users.in_flight THEN 'maybe' ELSE users.state END, count(*)
FROM states
JOIN attempts ON attempts.id = states.last_attempt
LEFT JOIN users ON users.row_id = states.id
WHERE states.status = 'created' AND attempts.conversation_sid IS NOT NULL
    AND coalesce(attempts.error_code, '') <> 'shared'
GROUP BY 1;

-- name: guests_left
-- The next guests that are not deleted, of conversations that are done. $2 and $3 list the statuses that are done, of
-- conversations and of guests.
SELECT
    states.id, attempts.conversation_sid, left(states.key, 32767),
    coalesce(nullif(attempts.identity, ''), states.asked_identity, ''), coalesce(states.asked_identity, ''), false
FROM states
JOIN attempts ON attempts.id = states.last_attempt
JOIN closures ON closures.row_id = states.id
LEFT JOIN users ON users.row_id = states.id
WHERE states.id > $1 AND states.status = 'created' AND attempts.conversation_sid IS NOT NULL
    AND coalesce(attempts.error_code, '') <> 'shared'
    AND closures.state = ANY ($2::text[]) AND NOT coalesce(users.state, '-') = ANY ($3::text[])
ORDER BY states.id
LIMIT $4;

-- name: begin_guest
-- Record the intent to delete a guest.
INSERT INTO users (row_id, in_flight) VALUES ($1, true)
ON CONFLICT (row_id) DO UPDATE SET in_flight = true;

-- name: release_guest
-- Cancel the intent.
UPDATE users SET in_flight = false WHERE row_id = $1;

-- name: end_guest
-- Cancel the intent after an answer that changes nothing, such as a 429.
UPDATE users SET in_flight = false, last_attempt = currval('events') WHERE row_id = $1;

-- name: settle_guest
-- Set the status of a guest after the attempt that was just added.
INSERT INTO users (row_id, state, in_flight, last_attempt, service_sid) VALUES ($1, $2, false, currval('events'), $3)
ON CONFLICT (row_id) DO UPDATE
SET state = excluded.state, in_flight = false, last_attempt = excluded.last_attempt, service_sid = excluded.service_sid;
