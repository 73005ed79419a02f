-- Queries of a reader, during a run or afterwards.

-- name: note
-- All notes.
SELECT name, value FROM notes;

-- name: planned_at
-- Whether there is a complete plan.
SELECT EXISTS (SELECT 1 FROM manifest WHERE name = 'planned_at');

-- name: sources
-- The planned input files.
SELECT name, size, sha256 FROM sources ORDER BY id;

-- name: counts
-- Number of records of the current input by status; a record without a row is invalid.
SELECT CASE WHEN plan.row_id IS NULL THEN 'invalid' ELSE row_state(asked.id, outcome.id, outcome.row_status) END, count(*)
FROM plan
LEFT JOIN last_intents AS asked ON asked.row_id = plan.row_id
LEFT JOIN last_outcomes AS outcome ON outcome.row_id = plan.row_id
GROUP BY 1;

-- name: has_accounts
-- Whether the schema is of a version that has accounts.
SELECT to_regclass('accounts') IS NOT NULL;

-- name: account_counts
-- Number of records of the current input by account and status, without those that name no account.
SELECT
    accounts.sid,
    CASE WHEN plan.row_id IS NULL THEN 'invalid' ELSE row_state(asked.id, outcome.id, outcome.row_status) END,
    count(*)
FROM plan
JOIN accounts ON accounts.id = plan.account
LEFT JOIN last_intents AS asked ON asked.row_id = plan.row_id
LEFT JOIN last_outcomes AS outcome ON outcome.row_id = plan.row_id
GROUP BY accounts.id, accounts.sid, 2
ORDER BY accounts.id;

-- name: account_error_counts
-- Number of rows for each account, status and error code, of each account the most frequent first; also of rows that
-- name no account.
SELECT account_sid, status, error_code, count(*) AS occurrences
FROM results
WHERE error_code IS NOT NULL
GROUP BY account_sid, status, error_code
ORDER BY account_sid COLLATE "C", occurrences DESC, status COLLATE "C", error_code COLLATE "C";

-- name: account_activity
-- The requests to create that run $1 has sent in each account: number, first and last time, and number and first time of
-- those after $2.
SELECT
    accounts.sid, count(*), min(sent), max(sent), count(*) FILTER (WHERE sent > $2), min(sent) FILTER (WHERE sent > $2)
FROM attempts
JOIN rows ON rows.id = attempts.row_id
JOIN accounts ON accounts.id = rows.account
WHERE attempts.run = $1 AND attempts.step = 'create' AND attempts.sent IS NOT NULL
GROUP BY accounts.id, accounts.sid
ORDER BY accounts.id;

-- name: account_attempts
-- The attempts of one step with their account, in the order in which they were recorded.
SELECT
    accounts.sid, attempts.row_id, number, class, due, sent, ended, http_status, coalesce(error_code, '')
FROM attempts
JOIN rows ON rows.id = attempts.row_id
JOIN accounts ON accounts.id = rows.account
WHERE step = $1
ORDER BY attempts.id;

-- name: has_messages
-- Whether any row ever owed a first message. Most jobs have none, and then no table has to be read for its statuses.
SELECT EXISTS (SELECT 1 FROM intents WHERE step = 'create' AND owes_message);

-- name: message_counts
-- Number of first messages by status, for the created rows of the current input. A message is held behind a message of
-- the history that is rejected or unknown.
SELECT
    CASE
        WHEN follow_ups.history IN ('rejected', 'unknown') AND follow_ups.message IN ('pending', 'unsent') THEN 'held'
        ELSE follow_ups.message
    END,
    count(*)
FROM plan
JOIN all_follow_ups AS follow_ups ON follow_ups.id = plan.row_id
WHERE follow_ups.status = 'created' AND follow_ups.message IS NOT NULL
GROUP BY 1;

-- name: has_histories
-- Whether any row ever had a history.
SELECT EXISTS (SELECT 1 FROM histories);

-- name: history_counts
-- Number of messages of histories by status (posted, rejected, unknown, unsent, pending, in flight, held) for the created
-- rows of the current input. A message is held behind one that is rejected or unknown, and behind refused settings.
SELECT
    coalesce(sum(posted), 0),
    count(*) FILTER (WHERE history = 'rejected'),
    count(*) FILTER (WHERE history = 'unknown'),
    coalesce(sum(total - posted) FILTER (WHERE history = 'unsent'), 0),
    coalesce(sum(total - posted) FILTER (WHERE history = 'pending'), 0)
        + coalesce(sum(total - posted - 1) FILTER (WHERE history = 'in_flight'), 0),
    count(*) FILTER (WHERE history = 'in_flight'),
    coalesce(sum(total - posted - 1) FILTER (WHERE history IN ('rejected', 'unknown')), 0)
        + coalesce(sum(total - posted) FILTER (WHERE history = 'held'), 0)
FROM (
    SELECT
        follow_ups.history_total AS total, follow_ups.history_posted AS posted,
        CASE
            WHEN follow_ups.settings IN ('rejected', 'duplicate') AND follow_ups.history IN ('pending', 'unsent')
                THEN 'held'
            ELSE follow_ups.history
        END AS history
    FROM histories
    JOIN plan ON plan.row_id = histories.row_id
    JOIN all_follow_ups AS follow_ups ON follow_ups.id = histories.row_id
    WHERE follow_ups.status = 'created'
) AS chats;

-- name: has_settings
-- Whether any row ever owed settings of its conversation.
SELECT EXISTS (SELECT 1 FROM intents WHERE step = 'create' AND owes_settings);

-- name: settings_counts
-- Number of settings by status, for the created rows of the current input.
SELECT follow_ups.settings, count(*)
FROM plan
JOIN all_follow_ups AS follow_ups ON follow_ups.id = plan.row_id
WHERE follow_ups.status = 'created' AND follow_ups.settings IS NOT NULL
GROUP BY 1;

-- name: results
-- The lines of the results file; texts are cut at 32,767 characters, the limit of a spreadsheet cell.
SELECT
    row, line, source, left(key, 32767), status, conversation_sid, identity, error_code, left(error, 32767),
    http_status, attempts, twilio_request_id, settled_at, latency_ms, message_sid
FROM results
ORDER BY row;

-- name: account_results
-- The same for a job for many accounts.
SELECT
    row, line, source, left(key, 32767), status, conversation_sid, identity, error_code, left(error, 32767),
    http_status, attempts, twilio_request_id, settled_at, latency_ms, message_sid, account_sid
FROM results
ORDER BY row;

-- name: vanished
-- The results of the rows that left the input, in the order in which they came.
SELECT
    left(key, 32767), status, conversation_sid, identity, error_code, left(error, 32767), http_status, attempts,
    twilio_request_id, settled_at, latency_ms, message_sid
FROM outcomes
WHERE NOT EXISTS (SELECT 1 FROM plan WHERE plan.row_id = outcomes.row_id)
ORDER BY outcomes.row_id;

-- name: account_vanished
-- The same for a job for many accounts.
SELECT
    left(outcomes.key, 32767), status, conversation_sid, identity, error_code, left(error, 32767), http_status, attempts,
    twilio_request_id, settled_at, latency_ms, message_sid, accounts.sid
FROM outcomes
JOIN rows ON rows.id = outcomes.row_id
LEFT JOIN accounts ON accounts.id = rows.account
WHERE NOT EXISTS (SELECT 1 FROM plan WHERE plan.row_id = outcomes.row_id)
ORDER BY outcomes.row_id;

-- name: conversations
-- What was created for some keys.
SELECT left(states.key, 32767), attempts.conversation_sid
FROM unnest($1::text[]) AS asked (key)
JOIN LATERAL (SELECT * FROM states WHERE states.key = asked.key) AS states ON true
JOIN attempts ON attempts.id = states.last_attempt
WHERE states.status = 'created';

-- name: assigned
-- Which of these conversations belong to rows.
SELECT DISTINCT conversation_sid FROM attempts WHERE class = 'created' AND conversation_sid = ANY ($1::text[]);

-- name: statuses
-- The columns of the results that are needed for a --failed file.
SELECT row, status, error_code, left(error, 32767) FROM results ORDER BY row;

-- name: error_counts
-- Number of rows for each status and error code, the most frequent first.
SELECT status, error_code, count(*) AS occurrences
FROM results
WHERE error_code IS NOT NULL
GROUP BY status, error_code
ORDER BY occurrences DESC, status COLLATE "C", error_code COLLATE "C";

-- name: error_examples
-- The first rows of each status and error code; rows that wait for their turn have no error.
SELECT status, error_code, occurrences, row, left(error, 32767)
FROM (
    SELECT
        status, error_code, error, row,
        count(*) OVER (PARTITION BY status, error_code) AS occurrences,
        row_number() OVER (PARTITION BY status, error_code ORDER BY row) AS place
    FROM results
    WHERE error_code IS NOT NULL AND error_code <> 'stopped'
) AS ranked
WHERE place <= $1
ORDER BY occurrences DESC, status COLLATE "C", error_code COLLATE "C", row;

-- name: erroneous_rows
-- The rows with an error, in the order of the input; rows that wait for their turn have no error.
SELECT row, left(key, 32767), status, error_code, left(error, 32767)
FROM results
WHERE error_code IS NOT NULL AND error_code <> 'stopped'
ORDER BY row;

-- name: invalid
-- The records that cannot be sent, with their problems; without a limit, $1 is NULL.
SELECT
    plan.row, plan.line, sources.name, left(invalid.key, 32767),
    ARRAY(
        SELECT ARRAY[left(field, 32767), left(input_column, 32767), left(reason, 32767)]
        FROM problems
        WHERE problems.row = invalid.row
        ORDER BY number
    )
FROM invalid
JOIN plan ON plan.row = invalid.row
LEFT JOIN sources ON sources.id = plan.source
ORDER BY invalid.row
LIMIT $1;

-- name: all_problems
-- The problems of all records that cannot be sent.
SELECT row, left(field, 32767), left(input_column, 32767), left(reason, 32767) FROM problems ORDER BY row, number;

-- name: first_rows
-- The first valid rows with one of the statuses.
SELECT plan.row
FROM plan
JOIN all_states AS states ON states.id = plan.row_id
WHERE plan.is_valid AND states.status = ANY ($1::text[])
ORDER BY plan.row
LIMIT $2;

-- name: runs
-- Every execution of the command, the oldest first.
SELECT
    run_id, started, ended, exit_code, version, pid,
    (SELECT value FROM notes WHERE notes.name = 'run:' || runs.id)
FROM runs
ORDER BY id;

-- name: last_run
-- The number of the last run.
SELECT coalesce(max(id), 0) FROM runs;

-- name: activity
-- Number of rows for which a run has sent a request to create, and the end of its last request.
SELECT count(DISTINCT CASE step WHEN 'create' THEN row_id END), max(ended)
FROM attempts
WHERE run = $1 AND sent IS NOT NULL;

-- name: recent
-- The times at which a run's last requests to create were sent, the latest first.
SELECT sent FROM attempts WHERE run = $1 AND step = 'create' AND sent IS NOT NULL ORDER BY id DESC LIMIT $2;

-- name: input_rows
-- Number of records of each input file.
SELECT coalesce(counted.records, 0)
FROM sources
LEFT JOIN (SELECT source, count(*) AS records FROM plan GROUP BY source) AS counted ON counted.source = sources.id
ORDER BY sources.id;

-- name: created
-- The created rows of the current input, with identity and conversation SID.
SELECT states.id, plan.row, states.key, coalesce(attempts.identity, ''), attempts.conversation_sid
FROM plan
JOIN all_states AS states ON states.id = plan.row_id
JOIN last_outcomes AS attempts ON attempts.row_id = states.id
WHERE states.status = 'created'
ORDER BY plan.row;

-- name: created_rows
-- Those of the rows with some IDs. A row is looked up by its ID, of which there are few.
SELECT states.id, plan.row, states.key, coalesce(attempts.identity, ''), attempts.conversation_sid
FROM plan
JOIN LATERAL (SELECT * FROM states WHERE states.id = plan.row_id) AS states ON true
JOIN attempts ON attempts.id = states.last_attempt
WHERE plan.row_id = ANY ($1::bigint[]) AND states.status = 'created'
ORDER BY plan.row;

-- name: created_in_account
-- Those of the rows that were created in the account of a SID.
SELECT states.id, plan.row, states.key, coalesce(attempts.identity, ''), attempts.conversation_sid
FROM plan
JOIN all_states AS states ON states.id = plan.row_id
JOIN rows ON rows.id = states.id
JOIN last_outcomes AS attempts ON attempts.row_id = states.id
WHERE states.status = 'created' AND rows.account = (SELECT id FROM accounts WHERE sid = $1)
ORDER BY plan.row;

-- name: shared
-- The conversations of more than one created row, without the rows that share one on purpose.
SELECT attempts.conversation_sid
FROM all_states AS states
JOIN last_outcomes AS attempts ON attempts.row_id = states.id
WHERE states.status = 'created' AND coalesce(attempts.error_code, '') <> 'shared'
GROUP BY attempts.conversation_sid
HAVING count(*) > 1;

-- name: orphans
-- The attempts that may have left a conversation without a customer.
SELECT
    (SELECT min(plan.row) FROM plan WHERE plan.row_id = rows.id), rows.key, attempts.error_code, attempts.ended,
    attempts.twilio_request_id
FROM attempts
JOIN rows ON rows.id = attempts.row_id
WHERE attempts.may_leave_orphan
ORDER BY attempts.id;

-- name: attempts
-- The attempts of one step in and after a run, in the order in which they were recorded.
SELECT row_id, number, class, due, sent, ended, http_status, coalesce(error_code, '')
FROM attempts
WHERE step = $1 AND coalesce(run, 0) >= $2
ORDER BY id;

-- name: attempt_span
-- When the first attempt of a step was due, and when the last one ended, without those that a crash has interrupted.
SELECT min(due), max(ended) FROM attempts WHERE step = $1 AND due IS NOT NULL;

-- name: odd_sid
-- Input row number of a created row without a valid conversation SID; $1 is the pattern of a SID.
SELECT true, (SELECT min(plan.row) FROM plan WHERE plan.row_id = states.id)
FROM all_states AS states
LEFT JOIN last_outcomes AS attempts ON attempts.row_id = states.id
WHERE states.status = 'created' AND coalesce(attempts.conversation_sid, '') !~ $1
LIMIT 1;

-- name: odd_sid_of_owing
-- The same, for rows whose settings are not set or whose history or first message is not posted.
SELECT true, (SELECT min(plan.row) FROM plan WHERE plan.row_id = follow_ups.id)
FROM all_follow_ups AS follow_ups
LEFT JOIN last_outcomes AS attempts ON attempts.row_id = follow_ups.id
WHERE follow_ups.status = 'created' AND (
        follow_ups.message <> 'posted' OR follow_ups.settings <> 'set' OR follow_ups.history <> 'posted'
    )
    AND coalesce(attempts.conversation_sid, '') !~ $1
LIMIT 1;
