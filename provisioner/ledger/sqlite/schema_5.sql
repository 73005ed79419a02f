-- Schema of a ledger, version 5, as earlier versions of this program created it. It is only read and migrated.

-- name: manifest
-- The job of the ledger: job_id, settings (JSON), created_at, created_by; planned_at after the first complete plan.
CREATE TABLE manifest (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- name: notes
-- Values that a run stores for later runs; rows do not depend on them.
CREATE TABLE notes (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- name: sources
-- The input files at the time of the plan; id counts from 0, in the order of the command line.
CREATE TABLE sources (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL
);

-- name: accounts
-- The accounts of a job for many accounts, with any row that was ever valid or that is in the current input.
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    sid TEXT NOT NULL UNIQUE
);

-- name: rows
-- One row for every key that was ever valid; rows are never deleted. last_attempt holds the details of the outcome.
-- sent_digest is the digest of what was sent when the input has changed since, otherwise NULL.
-- before is the status before the row was in flight, restored when the intent is cancelled. asked_identity is the
-- identity that the last intent requested; a conversation can be looked up by it when no reply came.
-- message is the status of the first message, NULL when there is none; it is used once the row is created.
-- message_digest is the digest of the content of the message sent last; last_message is the attempt with its result.
-- settings is the status of the settings of its conversation, NULL when there are none; last_settings is the attempt
-- with their result.
-- history is the status of the history of the row's old chat, NULL when there is none; it is used once the row is created.
-- account is the account in which the row is sent, NULL in a job for one account; it never changes.
CREATE TABLE rows (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    digest BLOB NOT NULL,
    sent_digest BLOB,
    status TEXT NOT NULL,
    before TEXT,
    asked_identity TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_attempt INTEGER REFERENCES attempts (id),
    message TEXT,
    message_digest BLOB,
    last_message INTEGER REFERENCES attempts (id),
    settings TEXT,
    last_settings INTEGER REFERENCES attempts (id),
    history TEXT,
    account INTEGER REFERENCES accounts (id)
);

-- name: rows_by_key
-- A key has one row, also when the input repeats it; so no row is created twice.
CREATE UNIQUE INDEX rows_by_key ON rows (key);

-- name: plan
-- The current input, one entry for each record; every plan replaces all entries. A row without an entry is no longer
-- in the input. row_id is NULL when the record is invalid and no request was sent for its key. is_valid is 0 for every
-- invalid record. account is NULL in a job for one account, and for a record that names none.
CREATE TABLE plan (
    row INTEGER PRIMARY KEY,
    line INTEGER NOT NULL,
    source INTEGER NOT NULL REFERENCES sources (id),
    row_id INTEGER REFERENCES rows (id),
    is_valid INTEGER NOT NULL,
    account INTEGER REFERENCES accounts (id)
);

-- name: plan_by_account
-- The records of each account in input order. A job for one account has none.
CREATE INDEX plan_by_account ON plan (account, row) WHERE account IS NOT NULL;

-- name: invalid
-- The invalid records of the current input that have no row. key is NULL when no key column gives one.
CREATE TABLE invalid (
    row INTEGER PRIMARY KEY REFERENCES plan (row),
    key TEXT,
    error_code TEXT NOT NULL,
    error TEXT NOT NULL
);

-- name: problems
-- The problems of the invalid records, numbered in the order in which they were found.
CREATE TABLE problems (
    row INTEGER NOT NULL REFERENCES invalid (row),
    number INTEGER NOT NULL,
    field TEXT NOT NULL,
    input_column TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (row, number)
) WITHOUT ROWID;

-- name: runs
-- Every execution of the command. ended is NULL while the run is active, and for a run that was killed.
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    started REAL NOT NULL,
    ended REAL,
    exit_code INTEGER,
    version TEXT NOT NULL,
    pid INTEGER NOT NULL
);

-- name: closures
-- Close status of the conversations of created rows. The conversation of a created row that is not listed here is
-- believed open. service_sid is the service that was asked, NULL for the account's default service.
CREATE TABLE closures (
    row_id INTEGER PRIMARY KEY REFERENCES rows (id),
    state TEXT NOT NULL,
    last_attempt INTEGER NOT NULL REFERENCES attempts (id),
    service_sid TEXT
);

-- name: users
-- What became of the guests of closed conversations, where they were to be deleted: state is NULL until an attempt has
-- ended, in_flight is 1 from the intent to delete a guest until its outcome.
CREATE TABLE users (
    row_id INTEGER PRIMARY KEY REFERENCES rows (id),
    state TEXT,
    in_flight INTEGER NOT NULL,
    last_attempt INTEGER REFERENCES attempts (id),
    service_sid TEXT
);

-- name: history
-- The histories of old chats. total is the number of messages in the file, posted the number of those that are in the
-- conversation. posted_digest is a digest of the posted messages, sent_digest one of these and the one sent last.
-- last_attempt is the last attempt to post a message.
CREATE TABLE history (
    row_id INTEGER PRIMARY KEY REFERENCES rows (id),
    total INTEGER NOT NULL,
    posted INTEGER NOT NULL DEFAULT 0,
    posted_digest BLOB,
    sent_digest BLOB,
    last_attempt INTEGER REFERENCES attempts (id)
);

-- name: attempts
-- Every request and every look-up for a row, append-only. Times are Unix seconds.
-- step is create, settings, history or message for requests, lookup, history_lookup or message_lookup for look-ups,
-- close, delete, interaction or delete_user for closing, state_lookup for a conversation that was found closed, adopted
-- for an imported one. number counts the row's requests of that step. class is the verdict.
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    row_id INTEGER NOT NULL REFERENCES rows (id),
    run INTEGER REFERENCES runs (id),
    step TEXT NOT NULL DEFAULT 'create',
    number INTEGER NOT NULL,
    class TEXT NOT NULL,
    due REAL,
    sent REAL,
    ended REAL NOT NULL,
    http_status INTEGER,
    error_code TEXT,
    error TEXT,
    conversation_sid TEXT,
    identity TEXT,
    twilio_request_id TEXT,
    retry_after_s REAL,
    may_leave_orphan INTEGER NOT NULL DEFAULT 0,
    message_sid TEXT
);

-- name: attempts_by_conversation
-- The conversations that were named as created, to find one that is named for two rows.
CREATE INDEX attempts_by_conversation ON attempts (conversation_sid)
WHERE class = 'created' AND conversation_sid IS NOT NULL;

-- name: results
-- The results file as a view: one line for each record of the current input, at any time during the job.
CREATE VIEW results AS
SELECT
    plan.row AS row,
    plan.line AS line,
    sources.name AS source,
    coalesce(rows.key, invalid.key) AS key,
    CASE rows.status
        WHEN 'pending' THEN 'unsent'
        WHEN 'in_flight' THEN 'unknown'
        ELSE coalesce(rows.status, 'invalid')
    END AS status,
    CASE WHEN rows.status <> 'unknown' THEN attempts.conversation_sid END AS conversation_sid,
    CASE rows.status WHEN 'in_flight' THEN rows.asked_identity ELSE attempts.identity END AS identity,
    CASE rows.status
        WHEN 'pending' THEN 'stopped'
        WHEN 'in_flight' THEN 'interrupted'
        WHEN 'created' THEN coalesce(
            CASE rows.settings
                WHEN 'pending' THEN 'settings_unsent'
                WHEN 'set' THEN NULL
                WHEN 'duplicate' THEN 'duplicate'
                ELSE 'settings_' || rows.settings
            END,
            CASE rows.history
                WHEN 'posted' THEN NULL
                WHEN 'pending' THEN 'history_unsent'
                WHEN 'in_flight' THEN 'history_unknown'
                ELSE 'history_' || rows.history
            END,
            CASE rows.message
                WHEN 'pending' THEN 'message_unsent'
                WHEN 'in_flight' THEN 'message_unknown'
                WHEN 'posted' THEN 'message_' || posts.error_code
                ELSE 'message_' || rows.message
            END,
            attempts.error_code
        )
        ELSE coalesce(attempts.error_code, invalid.error_code)
    END AS error_code,
    CASE rows.status
        WHEN 'pending' THEN 'not sent yet: the same command sends it'
        WHEN 'in_flight' THEN 'the request may have left, and no answer was recorded'
        WHEN 'created' THEN coalesce(
            CASE rows.settings
                WHEN 'pending' THEN 'its settings are not set yet: the same command sets them'
                WHEN 'set' THEN NULL
                ELSE 'settings: ' || updates.error || coalesce(' (' || updates.error_code || ')', '')
            END || coalesce('; ' || attempts.error, ''),
            CASE rows.history
                WHEN 'posted' THEN NULL
                WHEN 'pending' THEN 'history: ' || history.posted || ' of ' || history.total
                    || ' messages are posted: the same command posts the rest'
                WHEN 'in_flight' THEN 'history: a message may have been posted, and no answer was recorded'
                ELSE 'history: message ' || (history.posted + 1) || ' of ' || history.total || ': ' || chats.error
                    || coalesce(' (' || chats.error_code || ')', '')
            END || coalesce('; ' || attempts.error, ''),
            CASE rows.message
                WHEN 'pending' THEN 'the first message is not posted yet: the same command posts it'
                WHEN 'in_flight' THEN 'the first message may have been posted, and no answer was recorded'
                ELSE 'first message: ' || posts.error || coalesce(' (' || posts.error_code || ')', '')
            END || coalesce('; ' || attempts.error, ''),
            attempts.error
        )
        ELSE coalesce(attempts.error, invalid.error)
    END AS error,
    attempts.http_status AS http_status,
    coalesce(rows.attempts, 0) AS attempts,
    attempts.twilio_request_id AS twilio_request_id,
    strftime('%Y-%m-%dT%H:%M:%fZ', attempts.ended, 'unixepoch') AS settled_at,
    round((attempts.ended - attempts.sent) * 1000, 3) AS latency_ms,
    CASE WHEN rows.status = 'created' AND rows.message = 'posted' THEN posts.message_sid END AS message_sid,
    accounts.sid AS account_sid
FROM plan
LEFT JOIN sources ON sources.id = plan.source
LEFT JOIN rows ON rows.id = plan.row_id
LEFT JOIN attempts ON attempts.id = rows.last_attempt AND rows.status NOT IN ('pending', 'in_flight')
LEFT JOIN attempts AS posts ON posts.id = rows.last_message
LEFT JOIN attempts AS updates ON updates.id = rows.last_settings
LEFT JOIN history ON history.row_id = rows.id
LEFT JOIN attempts AS chats ON chats.id = history.last_attempt
LEFT JOIN invalid ON invalid.row = plan.row AND plan.row_id IS NULL
LEFT JOIN accounts ON accounts.id = plan.account;
