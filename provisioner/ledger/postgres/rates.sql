-- Rates of accounts that all workers and jobs of a database share, in the schema provisioner. docs/ledger.md documents it.

-- name: lock_install
-- Let one process at a time look for the schema and create it; released at the end of the transaction.
SELECT pg_advisory_xact_lock($1);

-- name: is_installed
-- Whether the tables are there. to_regclass() may not see what was created while the lock was waited for.
SELECT EXISTS (
    SELECT 1
    FROM pg_class
    JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace
    WHERE nspname = 'provisioner' AND relname = 'rate_members'
);

-- name: has_schema
-- Whether there is a schema of this name.
SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'provisioner');

-- name: may_use
-- Whether this user may read and write its tables.
SELECT CASE
    WHEN has_schema_privilege('provisioner', 'USAGE')
    THEN has_table_privilege('provisioner.versions', 'SELECT')
        AND has_table_privilege('provisioner.rates', 'INSERT')
        AND has_table_privilege('provisioner.rates', 'UPDATE')
        AND has_table_privilege('provisioner.rate_members', 'DELETE')
    ELSE false
END;

-- name: version
-- The version of the schema.
SELECT max(version) FROM provisioner.versions;

-- name: renew
-- Renew the shares of a member.
SELECT * FROM provisioner.renew_shares($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: change
-- Store the state of a rate after a 429, and pause everybody.
SELECT * FROM provisioner.change_rate($1, $2, $3, $4, $5);

-- name: leave
-- Remove a member; what it held is free, and was used just now.
WITH gone AS (
    DELETE FROM provisioner.rate_members WHERE member = $1 RETURNING account, held
), freed AS (
    UPDATE provisioner.rates SET free = free || array_fill(provisioner.clock(), ARRAY[gone.held])
    FROM gone WHERE rates.account = gone.account
    RETURNING rates.account
)
SELECT provisioner.tell_members(json_build_object('account', account)) FROM freed;
