-- What is asked and written when a job is cleaned up.

-- name: counts
-- How many conversations that the job made stand where, by what became of them; NULL is open, as far as is known.
SELECT closures.state, count(*)
FROM rows
JOIN attempts ON attempts.id = rows.last_attempt
LEFT JOIN closures ON closures.row_id = rows.id
WHERE rows.status = 'created' AND attempts.conversation_sid IS NOT NULL
GROUP BY closures.state;

-- name: left
-- The next of them that are not done, in the order their rows came in, also rows that have vanished from the input;
-- the states that are done come as one text.
SELECT rows.id, attempts.conversation_sid
FROM rows
JOIN attempts ON attempts.id = rows.last_attempt
LEFT JOIN closures ON closures.row_id = rows.id
WHERE rows.id > ? AND rows.status = 'created' AND attempts.conversation_sid IS NOT NULL
    AND NOT instr(?, ' ' || coalesce(closures.state, '-') || ' ')
ORDER BY rows.id
LIMIT ?;

-- name: duplicates
-- How many rows were found to have further conversations, which the job's record does not hold one by one.
SELECT count(*)
FROM rows
JOIN attempts ON attempts.id = rows.last_attempt
WHERE rows.status = 'created' AND attempts.error_code = 'duplicate';

-- name: orphans
-- How many attempts may have left a conversation without a customer.
SELECT count(*) FROM attempts WHERE may_leave_orphan;

-- name: adopt_row
-- A conversation that another ledger's results name; its SID is the key, so each is taken once.
INSERT OR IGNORE INTO rows (key, digest, status) VALUES (?1, x'', 'created');

-- name: adopt_attempt
-- Where its SID stands.
INSERT INTO attempts (row_id, step, number, class, ended, conversation_sid)
VALUES (last_insert_rowid(), 'adopted', 0, 'created', ?2, ?1);

-- name: settle_adopted
-- And so it is a created row like any other.
UPDATE rows SET last_attempt = last_insert_rowid() WHERE key = ?;

-- name: add_attempt
-- What an attempt to close or delete came to.
INSERT INTO attempts (
    row_id, run, step, number, class, due, sent, ended, http_status, error_code, error, twilio_request_id,
    retry_after_s
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: settle
-- The conversation's word after the attempt that was just added.
INSERT INTO closures (row_id, state, last_attempt) VALUES (?, ?, last_insert_rowid())
ON CONFLICT (row_id) DO UPDATE SET state = excluded.state, last_attempt = excluded.last_attempt;
