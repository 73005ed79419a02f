-- Migration of a ledger of an older version; afterwards the view of the results is replaced by that of the schema.

-- name: version_2
-- Version 2: the accounts of a job for many accounts. Jobs that version 1 began are for one account.
CREATE TABLE accounts (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    sid text NOT NULL UNIQUE
);
ALTER TABLE rows ADD COLUMN account integer;
ALTER TABLE invalid ADD COLUMN account integer;
