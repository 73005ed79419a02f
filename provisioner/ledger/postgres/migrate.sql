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
CREATE TABLE account_runs (
    generation integer NOT NULL,
    account integer NOT NULL,
    run integer NOT NULL,
    row_limit bigint,
    to_send bigint NOT NULL DEFAULT 0,
    sweep integer NOT NULL DEFAULT 1,
    statuses text[] NOT NULL,
    message_statuses text[] NOT NULL,
    settings_statuses text[] NOT NULL,
    canary_passed boolean NOT NULL,
    looker bigint,
    ended text,
    PRIMARY KEY (generation, account)
);
INSERT INTO account_runs
SELECT
    generation, 0, run, row_limit, to_send, sweep, statuses, message_statuses, settings_statuses, canary_passed, looker,
    ended
FROM shared_runs;
DROP FUNCTION cut_shards(integer, integer, text[], text[], text[], bigint, integer);
DROP FUNCTION take_shard(bigint, integer, integer);
DROP FUNCTION is_settled(bigint[], shared_runs);
DROP FUNCTION close_shards(bigint, integer);
DROP FUNCTION give_back(bigint);
DROP FUNCTION take_look_up(bigint, integer);
DROP FUNCTION open_sweep(bigint, integer, integer, text[], text[], text[]);
DROP FUNCTION pass_canary(bigint, integer);
DROP FUNCTION end_run(bigint, integer, text);
ALTER TABLE shared_runs
    DROP COLUMN row_limit, DROP COLUMN to_send, DROP COLUMN sweep, DROP COLUMN statuses, DROP COLUMN message_statuses,
    DROP COLUMN settings_statuses, DROP COLUMN canary_passed, DROP COLUMN looker, DROP COLUMN ended;
ALTER TABLE shards
    ADD COLUMN account integer NOT NULL DEFAULT 0, DROP CONSTRAINT shards_pkey,
    ADD PRIMARY KEY (generation, account, sweep, number);
DROP INDEX open_shards;
CREATE INDEX open_shards ON shards (generation, account, sweep, number) WHERE NOT is_done;
DROP FUNCTION next_rows(bigint, text[], bigint);
DROP FUNCTION next_owing_rows(bigint, text[], text[], text[], bigint);
