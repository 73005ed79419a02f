-- Queries of a reader, during a run or afterwards.

-- name: manifest
-- The job that the ledger belongs to.
SELECT name, value FROM manifest;

-- name: note
-- The value of one note.
SELECT value FROM notes WHERE name = ?;

-- name: sources
-- The planned input files.
SELECT name, size, sha256 FROM sources ORDER BY id;

-- name: counts
-- Number of records of the current input, and of those with each status; a record without a row is invalid. They are
-- counted without groups, for which SQLite would sort all rows.
SELECT
    count(*),
    count(*) FILTER (WHERE status = 'created'), count(*) FILTER (WHERE status = 'rejected'),
    count(*) FILTER (WHERE status = 'unknown'), count(*) FILTER (WHERE status = 'unsent'),
    count(*) FILTER (WHERE coalesce(status, 'invalid') = 'invalid'), count(*) FILTER (WHERE status = 'pending'),
    count(*) FILTER (WHERE status = 'in_flight')
FROM plan
LEFT JOIN rows ON rows.id = plan.row_id;

-- name: account_counts
-- Number of records of the current input by account and status, without those that name no account.
SELECT accounts.sid, coalesce(rows.status, 'invalid'), count(*)
FROM plan
JOIN accounts ON accounts.id = plan.account
LEFT JOIN rows ON rows.id = plan.row_id
GROUP BY accounts.id, rows.status
ORDER BY accounts.id;

-- name: account_error_counts
-- Number of rows for each account, status and error code, of each account the most frequent first. Rows that name no
-- account are among them, so that SQLite reads the plan in its order, and not by an index, which takes four times as long.
SELECT account_sid, status, error_code, count(*) AS occurrences
FROM results
WHERE error_code IS NOT NULL
GROUP BY account_sid, status, error_code
ORDER BY account_sid, occurrences DESC, status, error_code;

-- name: account_activity
-- The requests to create that run ?1 has sent in each account: number, first and last time, and number and first time of
-- those after ?2. The tables are read in this order: the attempts once, and of each its row.
SELECT
    accounts.sid, count(*), min(sent), max(sent), count(*) FILTER (WHERE sent > ?2), min(sent) FILTER (WHERE sent > ?2)
FROM attempts
CROSS JOIN rows ON rows.id = attempts.row_id
CROSS JOIN accounts ON accounts.id = rows.account
WHERE attempts.run = ?1 AND attempts.step = 'create' AND attempts.sent IS NOT NULL
GROUP BY accounts.id
ORDER BY accounts.id;

-- name: account_attempts
-- The attempts of one step with their account, in the order in which they were recorded, and read in that order.
SELECT
    accounts.sid, attempts.row_id, attempts.number, attempts.class, attempts.due, attempts.sent, attempts.ended,
    attempts.http_status, coalesce(attempts.error_code, '')
FROM attempts
CROSS JOIN rows ON rows.id = attempts.row_id
CROSS JOIN accounts ON accounts.id = rows.account
WHERE attempts.step = ?
ORDER BY attempts.id;

-- name: results
-- The lines of the results file; texts are cut at 32,767 characters, the limit of a spreadsheet cell.
SELECT
    row, line, source, substr(key, 1, 32767), status, conversation_sid, identity, error_code,
    substr(error, 1, 32767), http_status, attempts, twilio_request_id, settled_at,
    CASE WHEN abs(latency_ms) < 1e15 THEN latency_ms END, message_sid
FROM results
ORDER BY row;

-- name: account_results
-- The same for a job for many accounts.
SELECT
    row, line, source, substr(key, 1, 32767), status, conversation_sid, identity, error_code,
    substr(error, 1, 32767), http_status, attempts, twilio_request_id, settled_at,
    CASE WHEN abs(latency_ms) < 1e15 THEN latency_ms END, message_sid, account_sid
FROM results
ORDER BY row;

-- name: vanished
-- The rows that left the input, as if they were a plan, in the order in which they came.
SELECT id AS row, 0 AS line, 0 AS source, id AS row_id, account
FROM rows
WHERE id NOT IN (SELECT row_id FROM main.plan WHERE row_id IS NOT NULL);

-- name: conversations
-- What was created for some keys, a JSON array of them.
SELECT substr(rows.key, 1, 32767), attempts.conversation_sid
FROM rows
JOIN attempts ON attempts.id = rows.last_attempt
WHERE rows.key IN (SELECT value FROM json_each(?)) AND rows.status = 'created';

-- name: assigned
-- Which of these conversations, a JSON array of their SIDs, belong to rows.
SELECT DISTINCT conversation_sid
FROM attempts
WHERE class = 'created' AND conversation_sid IN (SELECT value FROM json_each(?));

-- name: statuses
-- The columns of the results that are needed for a --failed file.
SELECT row, status, error_code, substr(error, 1, 32767) FROM results ORDER BY row;

-- name: error_counts
-- Number of rows for each status and error code, the most frequent first.
SELECT status, error_code, count(*) AS occurrences
FROM results
WHERE error_code IS NOT NULL
GROUP BY status, error_code
ORDER BY occurrences DESC, status, error_code;

-- name: error_examples
-- The first rows of each status and error code; rows that wait for their turn have no error.
SELECT status, error_code, occurrences, row, substr(error, 1, 32767)
FROM (
    SELECT
        status, error_code, error, row,
        count(*) OVER (PARTITION BY status, error_code) AS occurrences,
        row_number() OVER (PARTITION BY status, error_code ORDER BY row) AS place
    FROM results
    WHERE error_code IS NOT NULL AND error_code <> 'stopped'
)
WHERE place <= ?
ORDER BY occurrences DESC, status, error_code, row;

-- name: erroneous_rows
-- The rows with an error, in the order of the input; rows that wait for their turn have no error.
SELECT row, substr(key, 1, 32767), status, error_code, substr(error, 1, 32767)
FROM results
WHERE error_code IS NOT NULL AND error_code <> 'stopped'
ORDER BY row;

-- name: invalid
-- The records that cannot be sent; a negative limit means no limit.
SELECT plan.row, plan.line, sources.name, substr(invalid.key, 1, 32767)
FROM invalid
JOIN plan ON plan.row = invalid.row
LEFT JOIN sources ON sources.id = plan.source
ORDER BY invalid.row
LIMIT ?;

-- name: problems
-- The problems of one of those records.
SELECT substr(field, 1, 32767), substr(input_column, 1, 32767), substr(reason, 1, 32767)
FROM problems WHERE row = ? ORDER BY number;

-- name: all_problems
-- The problems of all records that cannot be sent.
SELECT row, substr(field, 1, 32767), substr(input_column, 1, 32767), substr(reason, 1, 32767)
FROM problems ORDER BY row, number;

-- name: first_rows
-- The first valid rows with one of the statuses in ?1, one text separated by spaces.
SELECT plan.row
FROM plan
JOIN rows ON rows.id = plan.row_id
WHERE plan.is_valid AND instr(?1, ' ' || rows.status || ' ')
ORDER BY plan.row
LIMIT ?2;

-- name: runs
-- Every execution of the command, the oldest first.
SELECT
    run_id, started, ended, exit_code, version, pid,
    (SELECT value FROM notes WHERE notes.name = 'run:' || runs.id)
FROM runs ORDER BY id;

-- name: activity
-- Number of rows for which a run has sent a request to create, and the end of its last request.
SELECT count(DISTINCT CASE step WHEN 'create' THEN row_id END), max(ended)
FROM attempts
WHERE run = ? AND sent IS NOT NULL;

-- name: recent
-- The times at which a run's last requests to create were sent, the latest first.
SELECT sent FROM attempts WHERE run = ? AND step = 'create' AND sent IS NOT NULL ORDER BY id DESC LIMIT ?;

-- name: input_rows
-- Number of records of each input file.
SELECT coalesce(counted.records, 0)
FROM sources
LEFT JOIN (SELECT source, count(*) AS records FROM plan GROUP BY source) AS counted ON counted.source = sources.id
ORDER BY sources.id;

-- name: created
-- The created rows of the current input, with identity and conversation SID.
SELECT rows.id, plan.row, rows.key, coalesce(attempts.identity, ''), attempts.conversation_sid
FROM plan
JOIN rows ON rows.id = plan.row_id
JOIN attempts ON attempts.id = rows.last_attempt
WHERE rows.status = 'created'
ORDER BY plan.row;

-- name: created_rows
-- Those of the rows with the IDs of a JSON array.
SELECT rows.id, plan.row, rows.key, coalesce(attempts.identity, ''), attempts.conversation_sid
FROM plan
JOIN rows ON rows.id = plan.row_id
JOIN attempts ON attempts.id = rows.last_attempt
WHERE rows.status = 'created' AND plan.row_id IN (SELECT value FROM json_each(?))
ORDER BY plan.row;

-- name: created_in_account
-- Those of the rows that were created in the account of a SID.
SELECT rows.id, plan.row, rows.key, coalesce(attempts.identity, ''), attempts.conversation_sid
FROM plan
JOIN rows ON rows.id = plan.row_id
JOIN attempts ON attempts.id = rows.last_attempt
WHERE rows.status = 'created' AND rows.account = (SELECT id FROM accounts WHERE sid = ?)
ORDER BY plan.row;

-- name: shared
-- The conversations of more than one created row, including rows that are no longer in the input, without the rows
-- that share one on purpose.
SELECT attempts.conversation_sid
FROM rows
JOIN attempts ON attempts.id = rows.last_attempt
WHERE rows.status = 'created' AND coalesce(attempts.error_code, '') <> 'shared'
GROUP BY attempts.conversation_sid
HAVING count(*) > 1;

-- name: orphans
-- The attempts that may have left a conversation without a customer.
SELECT attempts.id, plan.row, rows.key, attempts.error_code, attempts.ended, attempts.twilio_request_id
FROM attempts
JOIN rows ON rows.id = attempts.row_id
LEFT JOIN plan ON plan.row_id = rows.id
WHERE attempts.may_leave_orphan
ORDER BY attempts.id;

-- name: attempts
-- The attempts of one step in and after a run, in the order in which they were recorded.
SELECT
    attempts.row_id, attempts.number, attempts.class, attempts.due, attempts.sent, attempts.ended,
    attempts.http_status, coalesce(attempts.error_code, '')
FROM attempts
WHERE attempts.step = ? AND coalesce(attempts.run, 0) >= ?
ORDER BY attempts.id;

-- name: attempt_span
-- When the first attempt of a step was due, and when the last one ended, without those that a crash has interrupted.
SELECT min(due), max(ended) FROM attempts WHERE step = ? AND due IS NOT NULL;

-- name: odd_sid
-- Input row number of a created row without a valid conversation SID; the parameter is the GLOB pattern of a SID.
SELECT (SELECT min(row) FROM plan WHERE row_id = rows.id)
FROM rows
LEFT JOIN attempts ON attempts.id = rows.last_attempt
WHERE rows.status = 'created'
    AND NOT (coalesce(attempts.conversation_sid GLOB ?, 0) AND typeof(attempts.conversation_sid) = 'text')
LIMIT 1;

-- name: odd_sid_of_owing
-- The same, for rows whose settings are not set or whose history or first message is not posted.
SELECT (SELECT min(row) FROM plan WHERE row_id = rows.id)
FROM rows
LEFT JOIN attempts ON attempts.id = rows.last_attempt
WHERE rows.status = 'created' AND (rows.message <> 'posted' OR rows.settings <> 'set' OR rows.history <> 'posted')
    AND NOT (coalesce(attempts.conversation_sid GLOB ?, 0) AND typeof(attempts.conversation_sid) = 'text')
LIMIT 1;

-- name: last_ids
-- The largest IDs of rows, attempts and runs, 0 when there are none.
SELECT
    (SELECT coalesce(max(id), 0) FROM rows),
    (SELECT coalesce(max(id), 0) FROM attempts),
    (SELECT coalesce(max(id), 0) FROM runs);
