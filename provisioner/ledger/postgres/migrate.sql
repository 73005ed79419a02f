-- Migration of a ledger of an older version; afterwards the functions and the view of the results are replaced by those
-- of the schema.

-- name: version_2
-- Version 2: the accounts of a job for many accounts. Jobs that version 1 began are for one account.
CREATE TABLE accounts (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    sid text NOT NULL UNIQUE
);
ALTER TABLE rows ADD COLUMN account integer;
ALTER TABLE plan ADD COLUMN account integer;
DROP FUNCTION next_rows(bigint, text[], bigint);
DROP FUNCTION next_owing_rows(bigint, text[], text[], text[], bigint);
