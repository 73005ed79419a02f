-- Migration of a ledger of an older version, in this order; afterwards the view is created from the schema.

-- name: add_message
-- Version 2: status of the row's first message. Rows that version 1 created have none.
ALTER TABLE rows ADD COLUMN message TEXT;

-- name: add_message_digest
-- Version 2: digest of the content from which the message was built.
ALTER TABLE rows ADD COLUMN message_digest BLOB;

-- name: add_last_message
-- Version 2: the last attempt to post the message.
ALTER TABLE rows ADD COLUMN last_message INTEGER REFERENCES attempts (id);

-- name: add_message_sid
-- Version 2: SID of the message that an attempt posted.
ALTER TABLE attempts ADD COLUMN message_sid TEXT;

-- name: drop_results
-- Remove the view, which is created again with the new columns.
DROP VIEW results;
