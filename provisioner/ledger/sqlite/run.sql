-- What a run writes: intents, outcomes, and the run itself.

-- name: set_manifest
-- A fact about the ledger.
INSERT OR REPLACE INTO manifest (name, value) VALUES (?, ?);

-- name: set_note
-- A note for a later run.
INSERT OR REPLACE INTO notes (name, value) VALUES (?, ?);

-- name: begin
-- The intent, of many rows: an attempt may leave from now on, and what it asks for is the input's present content.
-- The third value is the message that is owed once the row is created, however that is found out; NULL for none.
UPDATE rows
SET before = status, status = 'in_flight', attempts = attempts + 1, sent_digest = NULL, asked_identity = asked.column2,
    message = asked.column3
FROM (VALUES (?, ?, ?)) AS asked
WHERE rows.id = asked.column1 AND rows.status <> 'in_flight';

-- name: release
-- Take an intent back: nothing was sent.
UPDATE rows SET status = before, attempts = attempts - 1 WHERE id = ? AND status = 'in_flight';

-- name: add_attempts
-- What attempts, each of another row, came to; the first value is the row.
INSERT INTO attempts (
    row_id, run, step, class, due, sent, ended, http_status, error_code, error, conversation_sid, identity,
    twilio_request_id, retry_after_s, may_leave_orphan, number
)
SELECT came.*, (SELECT attempts FROM rows WHERE id = came.column1)
FROM (VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)) AS came
WHERE came.column1 IS NOT NULL;

-- name: settle
-- The rows' words after the attempts that were just added; the third value counts back from the last of those.
UPDATE rows SET status = came.column2, last_attempt = last_insert_rowid() - came.column3
FROM (VALUES (?, ?, ?)) AS came
WHERE rows.id = came.column1;

-- name: add_interrupted
-- Nobody knows what became of an attempt that was never settled: an attempt of class maybe says so.
INSERT INTO attempts (row_id, run, number, class, ended, error_code, error, identity)
SELECT id, (SELECT max(id) FROM runs), attempts, 'maybe', :now, 'interrupted',
    'the run ended while this row was in flight: it may or may not have been created', asked_identity
FROM rows
WHERE status = 'in_flight';

-- name: last_attempt_id
-- Where the interrupted attempts will start.
SELECT coalesce(max(id), 0) FROM attempts;

-- name: settle_interrupted
-- And so the rows are unknown.
UPDATE rows SET status = 'unknown', last_attempt = attempts.id
FROM attempts
WHERE attempts.id > :last AND rows.id = attempts.row_id;

-- name: claim
-- The next rows to send, in input order, behind the last that was handed out; statuses come as one text, those of
-- messages of created rows as another.
SELECT
    rows.id, plan.row, rows.key, rows.digest,
    coalesce(attempts.conversation_sid, ''), coalesce(attempts.identity, ''), rows.status = 'unknown'
FROM plan
JOIN rows ON rows.id = plan.row_id
LEFT JOIN attempts ON attempts.id = rows.last_attempt AND rows.status = 'created'
WHERE plan.row > ?1 AND plan.is_valid AND (
    instr(?2, ' ' || rows.status || ' ')
    OR (rows.status = 'created' AND instr(?3, ' ' || rows.message || ' '))
)
ORDER BY plan.row
LIMIT ?4;

-- name: count_claimable
-- How many rows that will be, in all, and how many of them are created and wait for their message alone.
SELECT count(*), coalesce(sum(status = 'created'), 0)
FROM (
    SELECT rows.status
    FROM plan
    JOIN rows ON rows.id = plan.row_id
    WHERE plan.is_valid AND (
        instr(?1, ' ' || rows.status || ' ')
        OR (rows.status = 'created' AND instr(?2, ' ' || rows.message || ' '))
    )
    ORDER BY plan.row
    LIMIT ?3
);

-- name: start_run
-- A run comes.
INSERT INTO runs (run_id, started, version, pid) VALUES (?, ?, ?, ?);

-- name: finish_run
-- A run goes, and says how.
UPDATE runs SET ended = ?, exit_code = ? WHERE id = ?;

-- name: unknown
-- The rows of the current input that nobody knows about, with what their last attempt asked for, when the first
-- attempt in doubt left, and whether any was answered with 201.
WITH doubts AS (
    SELECT
        attempts.row_id, min(coalesce(attempts.sent, runs.started, attempts.ended)) AS since,
        max(coalesce(attempts.http_status = 201, 0)) AS is_confirmed
    FROM attempts
    JOIN rows ON rows.id = attempts.row_id AND rows.status = 'unknown'
    LEFT JOIN runs ON runs.id = attempts.run
    WHERE attempts.step = 'create' AND attempts.class = 'maybe'
    GROUP BY attempts.row_id
)
SELECT
    rows.id, plan.row, rows.key, coalesce(attempts.identity, rows.asked_identity, ''),
    coalesce(doubts.since, attempts.ended), attempts.ended, coalesce(doubts.is_confirmed, 0), shared.identity IS NOT NULL, ''
FROM plan
JOIN rows ON rows.id = plan.row_id
JOIN attempts ON attempts.id = rows.last_attempt
LEFT JOIN doubts ON doubts.row_id = rows.id
LEFT JOIN (
    SELECT asked_identity AS identity
    FROM rows
    WHERE status = 'unknown' AND asked_identity <> ''
    GROUP BY asked_identity
    HAVING count(*) > 1
) AS shared ON shared.identity = rows.asked_identity
WHERE plan.row > ? AND rows.status = 'unknown'
ORDER BY plan.row
LIMIT ?;

-- name: control
-- The row that was created last by an answer of its own, in the same shape: a look-up has to show it. Where
-- :by_identity, one whose identity was asked for, and was not answered with another.
SELECT
    rows.id, 0, rows.key, coalesce(rows.asked_identity, ''), coalesce(attempts.sent, attempts.ended), attempts.ended,
    1, 0, attempts.conversation_sid
FROM attempts
JOIN rows ON rows.id = attempts.row_id
WHERE attempts.class = 'created' AND attempts.step = 'create'
    AND (NOT :by_identity OR coalesce(attempts.identity, rows.asked_identity) = rows.asked_identity)
ORDER BY attempts.id DESC
LIMIT 1;

-- name: other_identity
-- Whether Twilio ever named a guest otherwise than it was asked to.
SELECT EXISTS (
    SELECT 1
    FROM attempts
    JOIN rows ON rows.id = attempts.row_id
    WHERE attempts.class = 'created' AND attempts.step = 'create' AND attempts.identity <> rows.asked_identity
);

-- name: taken
-- Which of these conversations, a JSON array of their SIDs, belong to rows.
SELECT DISTINCT conversation_sid
FROM attempts
WHERE class = 'created' AND conversation_sid IN (SELECT value FROM json_each(?));

-- name: planned_at
-- Whether there is a whole plan.
SELECT value FROM manifest WHERE name = 'planned_at';
