-- Queries and writes for closing or deleting the conversations of a job.

-- name: counts
-- Number of conversations that the job created, by close status; NULL stands for conversations believed open. One that
-- several rows share on purpose counts once, with the first of them; the others have the code 'shared'.
SELECT closures.state, count(*)
FROM rows
JOIN attempts ON attempts.id = rows.last_attempt
LEFT JOIN closures ON closures.row_id = rows.id
WHERE rows.status = 'created' AND attempts.conversation_sid IS NOT NULL
    AND coalesce(attempts.error_code, '') <> 'shared'
GROUP BY closures.state;

-- name: left
-- The next conversations that are not done, in the order of the rows' IDs, including rows that are no longer in the
-- input. The second parameter lists the statuses that are done, as one text separated by spaces.
SELECT rows.id, attempts.conversation_sid
FROM rows
JOIN attempts ON attempts.id = rows.last_attempt
LEFT JOIN closures ON closures.row_id = rows.id
WHERE rows.id > ? AND rows.status = 'created' AND attempts.conversation_sid IS NOT NULL
    AND coalesce(attempts.error_code, '') <> 'shared'
    AND NOT instr(?, ' ' || coalesce(closures.state, '-') || ' ')
ORDER BY rows.id
LIMIT ?;

-- name: count_open
-- Number of conversations that are not known to be closed, deleted or gone, and may have reached an agent: their first
-- message was posted or is in doubt, or they have none.
SELECT count(*)
FROM rows
JOIN attempts ON attempts.id = rows.last_attempt
LEFT JOIN closures ON closures.row_id = rows.id
WHERE rows.status = 'created' AND attempts.conversation_sid IS NOT NULL
    AND coalesce(attempts.error_code, '') <> 'shared'
    AND coalesce(rows.message, 'posted') IN ('posted', 'in_flight', 'unknown')
    AND coalesce(closures.state, '') NOT IN ('closed', 'deleted', 'gone');

-- name: open
-- The next of these conversations, in the order of the rows' IDs, if they were created before a time.
SELECT rows.id, attempts.conversation_sid
FROM rows
JOIN attempts ON attempts.id = rows.last_attempt
LEFT JOIN closures ON closures.row_id = rows.id
WHERE rows.id > ? AND rows.status = 'created' AND attempts.conversation_sid IS NOT NULL AND attempts.ended < ?
    AND coalesce(attempts.error_code, '') <> 'shared'
    AND coalesce(rows.message, 'posted') IN ('posted', 'in_flight', 'unknown')
    AND coalesce(closures.state, '') NOT IN ('closed', 'deleted', 'gone')
ORDER BY rows.id
LIMIT ?;

-- name: sample
-- Conversations that may still exist: those that were closed first, then others at random.
SELECT attempts.conversation_sid
FROM rows
JOIN attempts ON attempts.id = rows.last_attempt
LEFT JOIN closures ON closures.row_id = rows.id
WHERE rows.status = 'created' AND attempts.conversation_sid IS NOT NULL
    AND coalesce(attempts.error_code, '') <> 'shared' AND coalesce(closures.state, '') NOT IN ('deleted', 'gone')
ORDER BY coalesce(closures.state, '') = 'closed' DESC, random()
LIMIT ?;

-- name: has_deleted
-- Whether a conversation of this service, NULL for the account's default service, was deleted.
SELECT EXISTS (
    SELECT 1
    FROM closures
    JOIN rows ON rows.id = closures.row_id
    WHERE closures.state = 'deleted' AND closures.service_sid IS ?
);

-- name: accounts
-- The accounts of a job for many accounts, in the order in which they came.
SELECT sid FROM accounts ORDER BY id;

-- name: duplicates
-- Number of rows for which a look-up found more than one conversation; the SIDs of the others are not stored.
SELECT count(*)
FROM rows
JOIN attempts ON attempts.id = rows.last_attempt
WHERE rows.status = 'created' AND attempts.error_code = 'duplicate';

-- name: orphans
-- Number of attempts that may have left a conversation without a customer.
SELECT count(*)
FROM attempts
JOIN rows ON rows.id = attempts.row_id
WHERE attempts.may_leave_orphan;

-- name: adopt_account
-- Add the account of conversations that a results file names.
INSERT OR IGNORE INTO accounts (sid) VALUES (?);

-- name: adopt_row
-- Add a conversation that a results file names. Its SID is the key, so that it is added only once. ?2 is the SID of its
-- account, NULL in a job for one account.
INSERT OR IGNORE INTO rows (key, digest, status, account)
VALUES (?1, x'', 'created', (SELECT id FROM accounts WHERE sid = ?2));

-- name: adopt_attempt
-- Add an attempt that holds the SID.
INSERT INTO attempts (row_id, step, number, class, ended, conversation_sid)
VALUES (last_insert_rowid(), 'adopted', 0, 'created', ?2, ?1);

-- name: settle_adopted
-- Refer to that attempt, as every created row does.
UPDATE rows SET last_attempt = last_insert_rowid() WHERE key = ?;

-- name: add_attempt
-- Add the result of an attempt to close or delete a conversation.
INSERT INTO attempts (
    row_id, run, step, number, class, due, sent, ended, http_status, error_code, error, twilio_request_id,
    retry_after_s
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: settle
-- Set the conversation's close status after the attempt that was just added.
INSERT INTO closures (row_id, state, last_attempt, service_sid) VALUES (?, ?, last_insert_rowid(), ?)
ON CONFLICT (row_id) DO UPDATE
SET state = excluded.state, last_attempt = excluded.last_attempt, service_sid = excluded.service_sid;

-- name: guest_counts
-- Number of guests of the conversations that the job created, by status; NULL stands for those not handled yet. An
-- intent without an outcome is in doubt. A conversation that several rows share counts once.
SELECT CASE users.in_flight WHEN 1 THEN 'maybe' ELSE users.state END AS state, count(*)
FROM rows
JOIN attempts ON attempts.id = rows.last_attempt
LEFT JOIN users ON users.row_id = rows.id
WHERE rows.status = 'created' AND attempts.conversation_sid IS NOT NULL
    AND coalesce(attempts.error_code, '') <> 'shared'
GROUP BY 1;

-- name: guests_left
-- The next guests that are not deleted, of conversations that are done. The second and the third parameter list the
-- statuses that are done, of conversations and of guests. An attempt without a run is from a rebuilt ledger.
SELECT
    rows.id, attempts.conversation_sid, substr(rows.key, 1, 32767),
    coalesce(nullif(attempts.identity, ''), rows.asked_identity, ''), coalesce(rows.asked_identity, ''),
    attempts.run IS NULL
FROM rows
JOIN attempts ON attempts.id = rows.last_attempt
JOIN closures ON closures.row_id = rows.id
LEFT JOIN users ON users.row_id = rows.id
WHERE rows.id > ? AND rows.status = 'created' AND attempts.conversation_sid IS NOT NULL
    AND coalesce(attempts.error_code, '') <> 'shared'
    AND instr(?, ' ' || closures.state || ' ') AND NOT instr(?, ' ' || coalesce(users.state, '-') || ' ')
ORDER BY rows.id
LIMIT ?;

-- name: begin_guest
-- Record the intent to delete a guest.
INSERT INTO users (row_id, in_flight) VALUES (?, 1)
ON CONFLICT (row_id) DO UPDATE SET in_flight = 1;

-- name: release_guest
-- Cancel the intent.
UPDATE users SET in_flight = 0 WHERE row_id = ?;

-- name: end_guest
-- Cancel the intent after an answer that changes nothing, such as a 429.
UPDATE users SET in_flight = 0, last_attempt = last_insert_rowid() WHERE row_id = ?;

-- name: settle_guest
-- Set the status of a guest after the attempt that was just added.
INSERT INTO users (row_id, state, in_flight, last_attempt, service_sid) VALUES (?, ?, 0, last_insert_rowid(), ?)
ON CONFLICT (row_id) DO UPDATE
SET state = excluded.state, in_flight = 0, last_attempt = excluded.last_attempt, service_sid = excluded.service_sid;
