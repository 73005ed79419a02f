-- Queries and writes for the settings of created conversations.

-- name: drop
-- Record that the input asks for no settings any more, unless they are set; a message that they held waits again.
UPDATE rows SET settings = NULL, message = CASE message WHEN 'held' THEN 'pending' ELSE message END
WHERE id = ? AND settings <> 'set';

-- name: add_attempt
-- Add the result of an attempt. ?1 is the ID of the row.
INSERT INTO attempts (
    row_id, run, step, number, class, due, sent, ended, http_status, error_code, error, twilio_request_id,
    retry_after_s
)
VALUES (
    ?1, ?2, 'settings',
    coalesce((SELECT number FROM attempts WHERE id = (SELECT last_settings FROM rows WHERE id = ?1)), 0) + 1,
    ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11
);

-- name: settle
-- Set their status after the attempt that was just added, and hold or free the first message that waits for them.
UPDATE rows
SET settings = ?2, last_settings = last_insert_rowid(),
    message = CASE
        WHEN ?2 IN ('rejected', 'duplicate') AND message IN ('pending', 'unsent') THEN 'held'
        WHEN ?2 = 'set' AND message = 'held' THEN 'pending'
        ELSE message
    END
WHERE id = ?1;

-- name: counts
-- Number of settings of the created rows of the current input, and of those with each status, as in ``read.sql``.
SELECT
    count(*),
    count(*) FILTER (WHERE settings = 'set'), count(*) FILTER (WHERE settings = 'rejected'),
    count(*) FILTER (WHERE settings = 'duplicate'), count(*) FILTER (WHERE settings = 'unsent'),
    count(*) FILTER (WHERE settings = 'pending')
FROM plan
JOIN rows ON rows.id = plan.row_id
WHERE rows.status = 'created' AND rows.settings IS NOT NULL;
