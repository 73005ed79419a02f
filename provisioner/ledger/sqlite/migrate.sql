-- Migration of a ledger of an older version: the view is dropped, then come the steps of each version in this order;
-- afterwards the index and the view are created from the schema.

-- name: drop_results
-- Remove the view, which is created again with the new columns.
DROP VIEW results;

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

-- name: add_closures
-- Version 2: close status of the conversations.
CREATE TABLE closures (
    row_id INTEGER PRIMARY KEY REFERENCES rows (id),
    state TEXT NOT NULL,
    last_attempt INTEGER NOT NULL REFERENCES attempts (id)
);

-- name: add_service_sid
-- Version 3: the service that was asked.
ALTER TABLE closures ADD COLUMN service_sid TEXT;

-- name: doubt_gone
-- Version 3: version 2 took any 404 for gone, also that of a service that never had the conversation. Ask again.
UPDATE closures SET state = 'maybe' WHERE state = 'gone';

-- name: add_users
-- Version 4: what became of the guests.
CREATE TABLE users (
    row_id INTEGER PRIMARY KEY REFERENCES rows (id),
    state TEXT,
    in_flight INTEGER NOT NULL,
    last_attempt INTEGER REFERENCES attempts (id),
    service_sid TEXT
);

-- name: add_settings
-- Version 4: status of the settings of the row's conversation. Rows that older versions created have none.
ALTER TABLE rows ADD COLUMN settings TEXT;

-- name: add_last_settings
-- Version 4: the last attempt to set them.
ALTER TABLE rows ADD COLUMN last_settings INTEGER REFERENCES attempts (id);

-- name: add_history_status
-- Version 4: status of the history of the row's old chat.
ALTER TABLE rows ADD COLUMN history TEXT;

-- name: add_history
-- Version 4: histories of old chats.
CREATE TABLE history (
    row_id INTEGER PRIMARY KEY REFERENCES rows (id),
    total INTEGER NOT NULL,
    posted INTEGER NOT NULL DEFAULT 0,
    posted_digest BLOB,
    sent_digest BLOB,
    last_attempt INTEGER REFERENCES attempts (id)
);

-- name: add_accounts
-- Version 5: the accounts of a job for many accounts.
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    sid TEXT NOT NULL UNIQUE
);

-- name: add_row_account
-- Version 5: the account of a row. Jobs that older versions began are for one account.
ALTER TABLE rows ADD COLUMN account INTEGER REFERENCES accounts (id);

-- name: add_planned_account
-- Version 5: the account of a record of the input.
ALTER TABLE plan ADD COLUMN account INTEGER REFERENCES accounts (id);

-- name: drop_conversation_index
-- Version 6: runs index the conversations in a temporary table. Versions 1 and 2 had no index.
DROP INDEX IF EXISTS attempts_by_conversation;
