-- Queries and writes of a run.

-- name: set_manifest
-- Set a value of the manifest.
INSERT OR REPLACE INTO manifest (name, value) VALUES (?, ?);

-- name: set_note
-- Set a note for later runs.
INSERT OR REPLACE INTO notes (name, value) VALUES (?, ?);

-- name: begin
-- Record the intents of many rows: from now on a request, built from the current input, may be in flight.
-- The values are row ID, identity, and the statuses of the first message and of the settings (pending, or NULL when
-- there is none).
UPDATE rows
SET before = status, status = 'in_flight', attempts = attempts + 1, sent_digest = NULL, asked_identity = asked.column2,
    message = asked.column3, settings = asked.column4
FROM (VALUES (?, ?, ?, ?)) AS asked
WHERE rows.id = asked.column1 AND rows.status <> 'in_flight';

-- name: release
-- Cancel the intent, because no request was sent.
UPDATE rows SET status = before, attempts = attempts - 1 WHERE id = ? AND status = 'in_flight';

-- name: add_attempts
-- Add the results of attempts, each of another row; the first value is the row's ID.
INSERT INTO attempts (
    row_id, run, step, class, due, sent, ended, http_status, error_code, error, conversation_sid, identity,
    twilio_request_id, retry_after_s, may_leave_orphan, number
)
SELECT came.*, (SELECT attempts FROM rows WHERE id = came.column1)
FROM (VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)) AS came
WHERE came.column1 > 0;

-- name: add_created
-- The same for attempts that created a conversation. The values are row ID, run, due, sent, ended, HTTP status, SID,
-- identity and Twilio's request ID: with those alone it takes two thirds of the time.
INSERT INTO attempts (
    row_id, run, class, due, sent, ended, http_status, conversation_sid, identity, twilio_request_id, number
)
SELECT
    came.column1, came.column2, 'created', came.column3, came.column4, came.column5, came.column6, came.column7,
    came.column8, came.column9, (SELECT attempts FROM rows WHERE id = came.column1)
FROM (VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)) AS came
WHERE came.column1 > 0;

-- name: settle_added
-- Mark the rows of the last attempts that were added, of which this is the number, as created.
UPDATE rows SET status = 'created', last_attempt = attempts.id
FROM attempts
WHERE attempts.id > last_insert_rowid() - ? AND rows.id = attempts.row_id;

-- name: settle
-- Set the rows' statuses after the attempts that were just added. The values are row ID, status, and the position of
-- the row's attempt, counted backwards from the last one (0).
UPDATE rows SET status = came.column2, last_attempt = last_insert_rowid() - came.column3
FROM (VALUES (?, ?, ?)) AS came
WHERE rows.id = came.column1;

-- name: owners
-- The rows that already have a conversation that Twilio named for other rows. The values are row ID and SID. Returned
-- are the row ID, the SID, the input row number of its first owner (NULL when it has left the input), and whether both
-- rows asked for the same identity.
SELECT
    came.column1, came.column2,
    (SELECT plan.row FROM plan WHERE plan.row_id = owners.id LIMIT 1),
    coalesce(owners.asked_identity = rows.asked_identity, 0)
FROM (VALUES (?, ?)) AS came
JOIN attempts AS firsts ON firsts.id = (
    SELECT attempts.id
    FROM temp.conversations AS named
    CROSS JOIN attempts ON attempts.id = named.attempt
    WHERE named.ending = substr(came.column2, -8) AND attempts.conversation_sid = came.column2
        AND attempts.row_id <> came.column1
    ORDER BY attempts.id
    LIMIT 1
)
JOIN rows AS owners ON owners.id = firsts.row_id
JOIN rows ON rows.id = came.column1;

-- name: has_in_flight
-- Whether a row, a first message or a message of a history is in flight, as only a run can leave them.
SELECT
    CASE WHEN EXISTS (SELECT 1 FROM runs) THEN
        EXISTS (SELECT 1 FROM rows WHERE status = 'in_flight' OR message = 'in_flight' OR history = 'in_flight')
    ELSE 0 END;

-- name: add_interrupted
-- Add an attempt of class maybe for each row in flight, because its reply was not recorded.
INSERT INTO attempts (row_id, run, number, class, ended, error_code, error, identity)
SELECT id, (SELECT max(id) FROM runs), attempts, 'maybe', :now, 'interrupted',
    'the run ended while this row was in flight: it may or may not have been created', asked_identity
FROM rows
WHERE status = 'in_flight';

-- name: last_attempt_id
-- Largest attempt ID; the interrupted attempts get the IDs after it.
SELECT coalesce(max(id), 0) FROM attempts;

-- name: settle_interrupted
-- Mark those rows as unknown.
UPDATE rows SET status = 'unknown', last_attempt = attempts.id
FROM attempts
WHERE attempts.id > :last AND rows.id = attempts.row_id;

-- name: claim
-- The next rows to send after row number ?1, in input order, as one JSON array: Python fetches each row of an answer by
-- itself, and lets other threads run before it. ?2 lists the statuses of rows, ?3 the statuses of the histories and
-- messages of created rows, ?4 those of their settings, each as one text separated by spaces. The last members are the
-- steps that a created row owes, separated by spaces, and the numbers of messages of its history and of those that are
-- posted. A history waits for settings, a message for both. What is no text, and no digest, is damage, and null.
SELECT json_group_array(json_array(
    id, row, iif(typeof(key) = 'text', key, NULL), iif(typeof(digest) = 'blob', hex(digest), NULL),
    iif(typeof(sid) = 'text', sid, NULL), iif(typeof(identity) = 'text', identity, NULL),
    is_in_doubt, owed, total, posted
))
FROM (
    SELECT
        rows.id AS id, plan.row AS row, rows.key AS key, rows.digest AS digest,
        coalesce(attempts.conversation_sid, '') AS sid, coalesce(attempts.identity, '') AS identity,
        rows.status = 'unknown' AS is_in_doubt,
        CASE rows.status
            WHEN 'created' THEN
                iif(instr(?4, ' ' || rows.settings || ' '), 'settings ', '')
                || iif(instr(?3, ' ' || rows.history || ' '), 'history ', '')
                || iif(
                    (coalesce(rows.history, 'posted') = 'posted' OR instr(?3, ' ' || rows.history || ' '))
                    AND (instr(?3, ' ' || rows.message || ' ') OR rows.message = 'held'),
                    'message', ''
                )
            ELSE ''
        END AS owed,
        coalesce(history.total, 0) AS total, coalesce(history.posted, 0) AS posted
    FROM plan
    JOIN rows ON rows.id = plan.row_id
    LEFT JOIN history ON history.row_id = rows.id
    LEFT JOIN attempts ON attempts.id = rows.last_attempt AND rows.status = 'created'
    WHERE plan.row > ?1 AND plan.is_valid AND (
        instr(?2, ' ' || rows.status || ' ')
        OR (
            rows.status = 'created'
            AND (
                instr(?4, ' ' || rows.settings || ' ')
                OR (
                    coalesce(rows.settings, 'set') = 'set'
                    AND instr(
                        ?3, ' ' || iif(coalesce(rows.history, 'posted') = 'posted', rows.message, rows.history) || ' '
                    )
                )
            )
        )
    )
    ORDER BY plan.row
    LIMIT ?5
);

-- name: count_claimable
-- Number of rows that the statement claim returns in all, and how many of them are created rows.
SELECT count(*), coalesce(sum(status = 'created'), 0)
FROM (
    SELECT rows.status
    FROM plan
    JOIN rows ON rows.id = plan.row_id
    WHERE plan.is_valid AND (
        instr(?1, ' ' || rows.status || ' ')
        OR (
            rows.status = 'created'
            AND (
                instr(?3, ' ' || rows.settings || ' ')
                OR (
                    coalesce(rows.settings, 'set') = 'set'
                    AND instr(
                        ?2, ' ' || iif(coalesce(rows.history, 'posted') = 'posted', rows.message, rows.history) || ' '
                    )
                )
            )
        )
    )
    ORDER BY plan.row
    LIMIT ?4
);

-- name: claimable_by_account
-- Number of rows that the statement claim returns in all for each account, without and with created rows, in the order of
-- their first rows; the parameters are those of claim.
SELECT accounts.sid, sum(claimable.status <> 'created'), sum(claimable.status = 'created')
FROM (
    SELECT plan.row, plan.account, rows.status
    FROM plan
    JOIN rows ON rows.id = plan.row_id
    WHERE plan.row > ?1 AND plan.is_valid AND (
        instr(?2, ' ' || rows.status || ' ')
        OR (
            rows.status = 'created'
            AND (
                instr(?4, ' ' || rows.settings || ' ')
                OR (
                    coalesce(rows.settings, 'set') = 'set'
                    AND instr(
                        ?3, ' ' || iif(coalesce(rows.history, 'posted') = 'posted', rows.message, rows.history) || ' '
                    )
                )
            )
        )
    )
    ORDER BY plan.row
    LIMIT ?5
) AS claimable
JOIN accounts ON accounts.id = claimable.account
GROUP BY accounts.id
ORDER BY min(claimable.row);

-- name: start_run
-- Record the start of a run.
INSERT INTO runs (run_id, started, version, pid) VALUES (?, ?, ?, ?);

-- name: finish_run
-- Record the end of a run and its exit code.
UPDATE runs SET ended = ?, exit_code = ? WHERE id = ?;

-- name: unknown
-- The unknown rows of the current input, with the identity that was requested, the time at which the first attempt in
-- doubt was sent, the end of the last attempt, whether any attempt was answered with 201, and whether any was
-- recorded by a ledger that is lost: only such attempts have no run. The last column is the digest of a row whose
-- input can be sent.
WITH doubts AS (
    SELECT
        attempts.row_id, min(coalesce(attempts.sent, runs.started, attempts.ended)) AS since,
        max(coalesce(attempts.http_status = 201, 0)) AS is_confirmed, max(attempts.run IS NULL) AS is_rebuilt
    FROM attempts
    JOIN rows ON rows.id = attempts.row_id AND rows.status = 'unknown'
    LEFT JOIN runs ON runs.id = attempts.run
    WHERE attempts.step = 'create' AND attempts.class = 'maybe'
    GROUP BY attempts.row_id
)
SELECT
    rows.id, plan.row, rows.key, coalesce(attempts.identity, rows.asked_identity, ''),
    coalesce(doubts.since, attempts.ended), attempts.ended, coalesce(doubts.is_confirmed, 0), shared.identity IS NOT NULL,
    '', coalesce(doubts.is_rebuilt, 0),
    CASE WHEN attempts.error_code = 'duplicate_sid' THEN coalesce(attempts.conversation_sid, '') ELSE '' END,
    CASE WHEN attempts.error_code = 'duplicate_sid' THEN coalesce(attempts.error, '') ELSE '' END,
    attempts.error_code = 'duplicate_sid' AND EXISTS (
        SELECT 1
        FROM temp.conversations AS named
        CROSS JOIN attempts AS firsts ON firsts.id = named.attempt
        JOIN rows AS owners ON owners.id = firsts.row_id
        WHERE named.ending = substr(attempts.conversation_sid, -8)
            AND firsts.conversation_sid = attempts.conversation_sid AND owners.asked_identity = rows.asked_identity
    ),
    CASE WHEN plan.is_valid THEN rows.digest END
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
-- The row that Twilio's own reply reported as created most recently, with the same columns; a look-up has to find it.
-- With :by_identity, only rows for which the reply had the requested identity.
SELECT
    rows.id, 0, rows.key, coalesce(rows.asked_identity, ''), coalesce(attempts.sent, attempts.ended), attempts.ended,
    1, 0, attempts.conversation_sid, attempts.run IS NULL, '', '', 0, NULL
FROM attempts
JOIN rows ON rows.id = attempts.row_id
WHERE attempts.class = 'created' AND attempts.step = 'create'
    AND (NOT :by_identity OR coalesce(attempts.identity, rows.asked_identity) = rows.asked_identity)
ORDER BY attempts.id DESC
LIMIT 1;

-- name: other_identity
-- Whether any reply of Twilio had another identity than the requested one.
SELECT EXISTS (
    SELECT 1
    FROM attempts
    JOIN rows ON rows.id = attempts.row_id
    WHERE attempts.class = 'created' AND attempts.step = 'create' AND attempts.identity <> rows.asked_identity
);

-- name: taken
-- Those of the given conversations (a JSON array of SIDs) that belong to rows.
SELECT DISTINCT attempts.conversation_sid
FROM json_each(?) AS asked
CROSS JOIN temp.conversations AS named ON named.ending = substr(asked.value, -8)
CROSS JOIN attempts ON attempts.id = named.attempt AND attempts.conversation_sid = asked.value;

-- name: planned_at
-- The time of the last complete plan; no row when there is none.
SELECT value FROM manifest WHERE name = 'planned_at';

-- name: is_used
-- Whether the ledger holds a complete plan, a row, a run or a note of one.
SELECT
    EXISTS (SELECT 1 FROM manifest WHERE name = 'planned_at')
    OR EXISTS (SELECT 1 FROM rows)
    OR EXISTS (SELECT 1 FROM runs)
    OR EXISTS (SELECT 1 FROM notes WHERE name <> 'log');
