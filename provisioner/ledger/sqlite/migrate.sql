-- What makes a ledger of an older version one of this version, in order; the view is made anew from the schema.

-- name: add_message
-- Version 2: rows know about their first message. What version 1 created asks for none.
ALTER TABLE rows ADD COLUMN message TEXT;

-- name: add_message_digest
-- Version 2: and what it was made of.
ALTER TABLE rows ADD COLUMN message_digest BLOB;

-- name: add_last_message
-- Version 2: and what became of it.
ALTER TABLE rows ADD COLUMN last_message INTEGER REFERENCES attempts (id);

-- name: add_message_sid
-- Version 2: an attempt may have been a message.
ALTER TABLE attempts ADD COLUMN message_sid TEXT;

-- name: drop_results
-- The view shows the new columns.
DROP VIEW results;
