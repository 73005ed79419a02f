-- Queries and writes for the histories of old chats.

-- name: begin
-- Record the intent: from now on, the next message of the history may be in flight.
UPDATE rows SET history = 'in_flight' WHERE id = ? AND status = 'created' AND history <> 'in_flight';

-- name: begin_message
-- Store the digest of the messages up to the one in flight.
UPDATE history SET sent_digest = ?2 WHERE row_id = ?1;

-- name: release
-- Cancel the intent, because no request was sent.
UPDATE rows SET history = 'pending' WHERE id = ? AND history = 'in_flight';

-- name: add_attempt
-- Add the result of a request or of a look-up. ?1 is the ID of the row.
INSERT INTO attempts (
    row_id, run, step, number, class, due, sent, ended, http_status, error_code, error, message_sid,
    twilio_request_id, retry_after_s
)
VALUES (
    ?1, ?2, ?3,
    coalesce((SELECT number FROM attempts WHERE id = (SELECT last_attempt FROM history WHERE row_id = ?1)), 0)
        + (?3 = 'history'),
    ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13
);

-- name: count_posted
-- Count the message that was in flight as posted, after its attempt was added.
UPDATE history SET posted = posted + 1, posted_digest = sent_digest, last_attempt = last_insert_rowid()
WHERE row_id = ?;

-- name: note_attempt
-- Note the attempt that was just added, of a message that is not known to be posted.
UPDATE history SET last_attempt = last_insert_rowid() WHERE row_id = ?;

-- name: settle
-- Set the status of the history.
UPDATE rows SET history = ?2 WHERE id = ?1;

-- name: settle_posted
-- Set the status of the history after a message was posted.
UPDATE rows
SET history = (SELECT CASE WHEN posted < total THEN 'pending' ELSE 'posted' END FROM history WHERE row_id = rows.id)
WHERE id = ?;

-- name: add_interrupted
-- Add an attempt of class maybe for each message in flight, because its reply was not recorded.
INSERT INTO attempts (row_id, run, step, number, class, ended, error_code, error)
SELECT rows.id, (SELECT max(id) FROM runs), 'history', coalesce(attempts.number, 0) + 1, 'maybe', :now, 'interrupted',
    'the run ended while this message was in flight: it may or may not have been posted'
FROM rows
JOIN history ON history.row_id = rows.id
LEFT JOIN attempts ON attempts.id = history.last_attempt
WHERE rows.status = 'created' AND rows.history = 'in_flight';

-- name: note_interrupted
-- Note these attempts.
UPDATE history SET last_attempt = attempts.id
FROM attempts
WHERE attempts.id > :last AND attempts.step = 'history' AND history.row_id = attempts.row_id;

-- name: settle_interrupted
-- Mark those histories as unknown.
UPDATE rows SET history = 'unknown' WHERE status = 'created' AND history = 'in_flight';

-- name: doubtful
-- The unknown messages of the current input: their rows as claims, whether Twilio answered 201, and whether another
-- row has the same conversation.
SELECT
    rows.id, plan.row, rows.key, rows.digest, coalesce(creations.conversation_sid, ''),
    coalesce(creations.identity, ''), 0, 'history', history.total, history.posted, coalesce(posts.http_status = 201, 0),
    EXISTS (
        SELECT 1
        FROM temp.conversations AS named
        CROSS JOIN attempts ON attempts.id = named.attempt
        WHERE named.ending = substr(creations.conversation_sid, -8)
            AND attempts.conversation_sid = creations.conversation_sid AND attempts.row_id <> rows.id
    )
FROM plan
JOIN rows ON rows.id = plan.row_id
JOIN history ON history.row_id = rows.id
JOIN attempts AS creations ON creations.id = rows.last_attempt
LEFT JOIN attempts AS posts ON posts.id = history.last_attempt
WHERE plan.row > ? AND rows.status = 'created' AND rows.history = 'unknown'
ORDER BY plan.row
LIMIT ?;

-- name: counts
-- Number of messages by status (posted, rejected, unknown, unsent, pending, in flight, held) for the created rows of
-- the current input. A message is held behind one that is rejected or unknown, and behind refused settings.
SELECT
    coalesce(sum(history.posted), 0), coalesce(sum(state.history = 'rejected'), 0),
    coalesce(sum(state.history = 'unknown'), 0),
    coalesce(sum((state.history = 'unsent') * (history.total - history.posted)), 0),
    coalesce(sum((state.history = 'pending') * (history.total - history.posted)), 0)
        + coalesce(sum((state.history = 'in_flight') * (history.total - history.posted - 1)), 0),
    coalesce(sum(state.history = 'in_flight'), 0),
    coalesce(sum((state.history IN ('rejected', 'unknown')) * (history.total - history.posted - 1)), 0)
        + coalesce(sum((state.history = 'held') * (history.total - history.posted)), 0)
FROM (
    SELECT
        rows.id,
        CASE
            WHEN rows.settings IN ('rejected', 'duplicate') AND rows.history IN ('pending', 'unsent') THEN 'held'
            ELSE rows.history
        END AS history
    FROM plan
    JOIN rows ON rows.id = plan.row_id
    WHERE rows.status = 'created' AND EXISTS (SELECT 1 FROM history)
) AS state
JOIN history ON history.row_id = state.id;

-- name: owed
-- Number of created rows of the current input whose history is to be posted, and does not wait for settings.
SELECT count(*)
FROM plan
JOIN rows ON rows.id = plan.row_id
WHERE plan.is_valid AND rows.status = 'created' AND rows.history = 'pending' AND coalesce(rows.settings, 'set') = 'set'
    AND EXISTS (SELECT 1 FROM history);

-- name: waiting
-- Number of valid rows of the current input whose history is not in their conversation.
SELECT count(*)
FROM plan
JOIN rows ON rows.id = plan.row_id
WHERE plan.is_valid AND rows.history <> 'posted' AND EXISTS (SELECT 1 FROM history);

-- name: mark
-- Begin a new plan of the histories: those that are not planned again keep a total below zero.
UPDATE history SET total = -total;

-- name: valid
-- The rows of the current input that can be sent, and the largest ID of a row.
SELECT row_id, (SELECT max(id) FROM rows) FROM plan WHERE is_valid AND row_id IS NOT NULL;

-- name: planned
-- What the ledger holds of the row with this key.
SELECT
    rows.id, rows.status = 'created' AND coalesce(rows.message, '') IN ('posted', 'in_flight', 'unknown'), rows.history,
    coalesce(-history.total, 0), coalesce(history.posted, 0), history.posted_digest, history.sent_digest
FROM rows
LEFT JOIN history ON history.row_id = rows.id
WHERE rows.key = ?;

-- name: plan
-- Store the number of messages of a row.
INSERT INTO history (row_id, total) VALUES (?1, ?2) ON CONFLICT (row_id) DO UPDATE SET total = ?2;

-- name: owe
-- Set the status of a history of which messages are to be posted.
UPDATE rows SET history = 'pending' WHERE id = ? AND coalesce(history, 'posted') = 'posted';

-- name: vanished
-- Keys of rows of which messages are or may be posted, and that have no history any more.
SELECT rows.key
FROM history
JOIN rows ON rows.id = history.row_id
JOIN plan ON plan.row_id = rows.id
WHERE history.total < 0 AND (history.posted > 0 OR rows.history IN ('in_flight', 'unknown'));

-- name: forget_status
-- Rows that have no history any more, of which nothing was posted.
UPDATE rows SET history = NULL
WHERE id IN (SELECT row_id FROM history WHERE total < 0 AND posted = 0) AND history NOT IN ('in_flight', 'unknown');

-- name: forget
-- Forget these histories.
DELETE FROM history
WHERE total < 0 AND posted = 0
    AND row_id IN (SELECT id FROM rows WHERE history IS NULL);

-- name: unmark
-- Restore the others, of rows that are not in the input.
UPDATE history SET total = -total WHERE total < 0;
