-- Index of the conversations that were named as created, in temporary tables of the connection that writes the ledger.
-- It shows a conversation that is named for two rows. Conversation SIDs are random, so that an index in the ledger
-- would change another page for almost each of them, which is written to the log and to the file; temporary tables are
-- neither durable nor logged. They are filled from the attempts.

-- name: create_index
-- One entry for each attempt: the last characters of the SID, of which eight tell a million SIDs apart, and the ID of
-- the attempt. Who finds an entry compares the SID of the attempt.
CREATE TEMP TABLE conversations (
    ending TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    PRIMARY KEY (ending, attempt)
) WITHOUT ROWID;

-- name: create_mark
-- The last attempt that the index covers, in one line.
CREATE TEMP TABLE indexed AS SELECT 0 AS attempt;

-- name: marks
-- The last attempt that the index covers, and the last one of all.
SELECT attempt, (SELECT coalesce(max(id), 0) FROM main.attempts) FROM temp.indexed;

-- name: extend_index
-- Add the attempts after one, up to another. Their order makes neighbours of entries that come into one page.
INSERT OR IGNORE INTO temp.conversations (ending, attempt)
SELECT substr(conversation_sid, -8) AS ending, id
FROM main.attempts
WHERE id > ?1 AND id <= ?2 AND class = 'created' AND conversation_sid IS NOT NULL
ORDER BY ending;

-- name: move_mark
-- Note the last attempt.
UPDATE temp.indexed SET attempt = ?;

-- name: named_after
-- The conversations that were named as created by the attempts after this one, with the IDs of those.
SELECT id, conversation_sid FROM main.attempts
WHERE id > ? AND class = 'created' AND conversation_sid IS NOT NULL
ORDER BY id;
