-- Queries and writes for the histories of old chats.

-- name: doubtful
-- The unknown messages of the current input: their rows as claims, whether Twilio answered 201, and whether another
-- row has the same conversation.
SELECT
    states.id, plan.row, states.key, states.digest, coalesce(creations.conversation_sid, ''),
    coalesce(creations.identity, ''), false, 'history', histories.total, histories.posted,
    coalesce(
        (
            SELECT tried.http_status = 201
            FROM attempts AS tried
            WHERE tried.row_id = histories.row_id AND tried.history_status IS NOT NULL
            ORDER BY tried.id + 0 DESC
            LIMIT 1
        ),
        false
    ),
    EXISTS (
        SELECT 1
        FROM attempts
        WHERE attempts.class = 'created' AND attempts.conversation_sid = creations.conversation_sid
            AND attempts.row_id <> states.id
    )
FROM histories
JOIN plan ON plan.row_id = histories.row_id
JOIN states ON states.id = histories.row_id
JOIN attempts AS creations ON creations.id = states.last_attempt
WHERE plan.row > $1 AND states.status = 'created' AND histories.status = 'unknown'
ORDER BY plan.row
LIMIT $2;

-- name: owed
-- Number of created rows of the current input whose history is to be posted, and does not wait for settings.
SELECT count(*)
FROM histories
JOIN plan ON plan.row_id = histories.row_id
JOIN follow_ups ON follow_ups.id = histories.row_id
WHERE plan.is_valid AND follow_ups.status = 'created' AND follow_ups.history = 'pending'
    AND coalesce(follow_ups.settings, 'set') = 'set';

-- name: waiting
-- Number of valid rows of the current input whose history is not in their conversation.
SELECT count(*)
FROM histories
JOIN plan ON plan.row_id = histories.row_id
WHERE plan.is_valid AND histories.status <> 'posted';

-- name: mark
-- Begin a new plan of the histories: those that are not planned again keep a total below zero.
UPDATE histories SET total = -total;

-- name: planned
-- What the ledger holds of the rows with these keys that are in the input and can be sent.
SELECT
    follow_ups.key, follow_ups.id,
    follow_ups.status = 'created' AND coalesce(follow_ups.message, '') IN ('posted', 'in_flight', 'unknown'),
    histories.status, coalesce(-histories.total, 0), coalesce(histories.posted, 0), histories.posted_digest,
    histories.sent_digest
FROM unnest($1::text[]) AS asked (key)
JOIN LATERAL (SELECT * FROM follow_ups WHERE follow_ups.key = asked.key) AS follow_ups ON true
LEFT JOIN histories ON histories.row_id = follow_ups.id
WHERE EXISTS (SELECT 1 FROM plan WHERE plan.row_id = follow_ups.id AND plan.is_valid);

-- name: plan
-- Store the numbers of messages of rows, and that of some of them messages are to be posted.
INSERT INTO histories (row_id, total, status)
SELECT came.row_id, came.total, CASE WHEN came.is_owed THEN 'pending' END
FROM unnest($1::bigint[], $2::integer[], $3::boolean[]) AS came (row_id, total, is_owed)
ON CONFLICT (row_id) DO UPDATE SET
    total = excluded.total,
    status = CASE
        WHEN coalesce(histories.status, 'posted') = 'posted' THEN coalesce(excluded.status, histories.status)
        ELSE histories.status
    END;

-- name: vanished
-- Keys of rows of which messages are or may be posted, and that have no history any more.
SELECT left(rows.key, 32767)
FROM histories
JOIN rows ON rows.id = histories.row_id
JOIN plan ON plan.row_id = rows.id
WHERE histories.total < 0 AND (histories.posted > 0 OR histories.status IN ('in_flight', 'unknown'))
ORDER BY plan.row;

-- name: forget
-- Forget the histories of rows that have none any more, of which nothing was posted, and restore those of rows that are
-- not in the input.
DELETE FROM histories
WHERE total < 0 AND posted = 0 AND coalesce(status, '') NOT IN ('in_flight', 'unknown');
UPDATE histories SET total = -total WHERE total < 0;
