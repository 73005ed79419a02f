-- Queries and writes for the first messages of created rows.

-- name: begin
-- Record the intent: from now on the message, built from the current input, may be in flight.
UPDATE rows SET message = 'in_flight', message_digest = digest
WHERE id = ? AND status = 'created' AND message <> 'in_flight';

-- name: release
-- Cancel the intent, because no request was sent.
UPDATE rows SET message = 'pending' WHERE id = ? AND message = 'in_flight';

-- name: drop
-- Record that the input asks for no message any more, unless one may have been posted.
UPDATE rows SET message = NULL WHERE id = ? AND message IN ('pending', 'unsent', 'rejected', 'held');

-- name: add_attempt
-- Add the result of a request or of a look-up. ?1 is the ID of the row.
INSERT INTO attempts (
    row_id, run, step, number, class, due, sent, ended, http_status, error_code, error, message_sid,
    twilio_request_id, retry_after_s
)
VALUES (
    ?1, ?2, ?3,
    coalesce((SELECT number FROM attempts WHERE id = (SELECT last_message FROM rows WHERE id = ?1)), 0)
        + (?3 = 'message'),
    ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13
);

-- name: settle
-- Set the message's status after the attempt that was just added.
UPDATE rows SET message = ?2, last_message = last_insert_rowid() WHERE id = ?1;

-- name: add_interrupted
-- Add an attempt of class maybe for each message in flight, because its reply was not recorded.
INSERT INTO attempts (row_id, run, step, number, class, ended, error_code, error)
SELECT rows.id, (SELECT max(id) FROM runs), 'message', coalesce(attempts.number, 0) + 1, 'maybe', :now, 'interrupted',
    'the run ended while this message was in flight: it may or may not have been posted'
FROM rows
LEFT JOIN attempts ON attempts.id = rows.last_message
WHERE rows.status = 'created' AND rows.message = 'in_flight';

-- name: settle_interrupted
-- Mark those messages as unknown.
UPDATE rows SET message = 'unknown', last_message = attempts.id
FROM attempts
WHERE attempts.id > :last AND attempts.step = 'message' AND rows.id = attempts.row_id;

-- name: doubtful
-- The unknown messages of the current input: their rows as claims, whether Twilio answered 201, whether the input is
-- still the one from which the message was built, and whether another row has the same conversation.
SELECT
    rows.id, plan.row, rows.key, rows.digest, coalesce(creations.conversation_sid, ''),
    coalesce(creations.identity, ''), coalesce(posts.http_status = 201, 0),
    plan.is_valid AND coalesce(rows.message_digest = rows.digest, 0),
    EXISTS (
        SELECT 1
        FROM temp.conversations AS named
        CROSS JOIN attempts ON attempts.id = named.attempt
        WHERE named.ending = substr(creations.conversation_sid, -8)
            AND attempts.conversation_sid = creations.conversation_sid AND attempts.row_id <> rows.id
    )
FROM plan
JOIN rows ON rows.id = plan.row_id
JOIN attempts AS creations ON creations.id = rows.last_attempt
LEFT JOIN attempts AS posts ON posts.id = rows.last_message
WHERE plan.row > ? AND rows.status = 'created' AND rows.message = 'unknown'
ORDER BY plan.row
LIMIT ?;

-- name: counts
-- Number of messages of the created rows of the current input, and of those with each status, as in ``read.sql``. A
-- message is held behind a message of the history that is rejected or unknown.
SELECT
    count(*),
    count(*) FILTER (WHERE status = 'posted'), count(*) FILTER (WHERE status = 'rejected'),
    count(*) FILTER (WHERE status = 'unknown'), count(*) FILTER (WHERE status = 'unsent'),
    count(*) FILTER (WHERE status = 'held'), count(*) FILTER (WHERE status = 'pending'),
    count(*) FILTER (WHERE status = 'in_flight')
FROM (
    SELECT
        CASE
            WHEN rows.history IN ('rejected', 'unknown') AND rows.message IN ('pending', 'unsent') THEN 'held'
            ELSE rows.message
        END AS status
    FROM plan
    JOIN rows ON rows.id = plan.row_id
    WHERE rows.status = 'created' AND rows.message IS NOT NULL
);

-- name: counts_before_4
-- The same, in a ledger of version 2 or 3.
SELECT
    count(*),
    count(*) FILTER (WHERE message = 'posted'), count(*) FILTER (WHERE message = 'rejected'),
    count(*) FILTER (WHERE message = 'unknown'), count(*) FILTER (WHERE message = 'unsent'),
    count(*) FILTER (WHERE message = 'held'), count(*) FILTER (WHERE message = 'pending'),
    count(*) FILTER (WHERE message = 'in_flight')
FROM plan
JOIN rows ON rows.id = plan.row_id
WHERE rows.status = 'created' AND rows.message IS NOT NULL;
