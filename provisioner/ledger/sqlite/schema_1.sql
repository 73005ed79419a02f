-- The schema of a ledger, version 1, by which one of that version is told from a forgery; nothing makes it any more.

-- name: manifest
-- What the ledger belongs to: job_id, settings (JSON), created_at, created_by; planned_at once a plan is whole.
CREATE TABLE manifest (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- name: notes
-- What the program wants to remember from one run to the next; no row depends on it.
CREATE TABLE notes (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- name: sources
-- The input files as they were when they were planned; id counts from 0, in the order they were given.
CREATE TABLE sources (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL
);

-- name: rows
-- What became of every key that could ever be sent, for good. The outcome's details are in last_attempt.
-- sent_digest is the digest of what was sent, where the input has changed since; otherwise NULL.
-- before is the status that a row in flight had, so that an intent can be taken back; asked_identity is what its
-- last intent asked for, by which a conversation can be found when no answer came.
CREATE TABLE rows (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    digest BLOB NOT NULL,
    sent_digest BLOB,
    status TEXT NOT NULL,
    before TEXT,
    asked_identity TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_attempt INTEGER REFERENCES attempts (id)
);

-- name: rows_by_key
-- The guard behind "no row is created twice": a key has one row, whatever the input says.
CREATE UNIQUE INDEX rows_by_key ON rows (key);

-- name: plan
-- The current input, one entry a record; replaced whole by every plan. A row without an entry has vanished.
-- row_id is NULL where the record is invalid and nothing was ever sent for its key; is_valid is 0 for any other
-- record that cannot be sent as it is now.
CREATE TABLE plan (
    row INTEGER PRIMARY KEY,
    line INTEGER NOT NULL,
    source INTEGER NOT NULL REFERENCES sources (id),
    row_id INTEGER REFERENCES rows (id),
    is_valid INTEGER NOT NULL
);

-- name: invalid
-- The records of the current input that cannot be sent. key is NULL where it is the row's content.
CREATE TABLE invalid (
    row INTEGER PRIMARY KEY REFERENCES plan (row),
    key TEXT,
    error_code TEXT NOT NULL,
    error TEXT NOT NULL
);

-- name: problems
-- Why, one by one, in the order they were found.
CREATE TABLE problems (
    row INTEGER NOT NULL REFERENCES invalid (row),
    number INTEGER NOT NULL,
    field TEXT NOT NULL,
    input_column TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (row, number)
) WITHOUT ROWID;

-- name: runs
-- Every execution of the command. ended is NULL while it goes, and for ever when it was killed.
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    started REAL NOT NULL,
    ended REAL,
    exit_code INTEGER,
    version TEXT NOT NULL,
    pid INTEGER NOT NULL
);

-- name: attempts
-- Every request made for a row and every look-up after it, append-only. Times are Unix seconds.
-- step is create or lookup; number counts the row's create requests; class is the verdict.
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
    may_leave_orphan INTEGER NOT NULL DEFAULT 0
);

-- name: results
-- The results file as a view: one line a record of the current input, whatever state the job is in.
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
    attempts.conversation_sid AS conversation_sid,
    CASE rows.status WHEN 'in_flight' THEN rows.asked_identity ELSE attempts.identity END AS identity,
    CASE rows.status
        WHEN 'pending' THEN 'stopped'
        WHEN 'in_flight' THEN 'interrupted'
        ELSE coalesce(attempts.error_code, invalid.error_code)
    END AS error_code,
    CASE rows.status
        WHEN 'pending' THEN 'not sent yet: the same command sends it'
        WHEN 'in_flight' THEN 'the request may have left, and no answer was recorded'
        ELSE coalesce(attempts.error, invalid.error)
    END AS error,
    attempts.http_status AS http_status,
    coalesce(rows.attempts, 0) AS attempts,
    attempts.twilio_request_id AS twilio_request_id,
    strftime('%Y-%m-%dT%H:%M:%fZ', attempts.ended, 'unixepoch') AS settled_at,
    round((attempts.ended - attempts.sent) * 1000, 3) AS latency_ms,
    NULL AS message_sid
FROM plan
LEFT JOIN sources ON sources.id = plan.source
LEFT JOIN rows ON rows.id = plan.row_id
LEFT JOIN attempts ON attempts.id = rows.last_attempt AND rows.status NOT IN ('pending', 'in_flight')
LEFT JOIN invalid ON invalid.row = plan.row AND plan.row_id IS NULL;
