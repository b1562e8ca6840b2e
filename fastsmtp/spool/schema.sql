-- A spool shard, format 1: one job's recipients, written once, and their outcomes, appended.
--
-- recipient    one row for each good row of the list; id ascends in destination order (domain, then the lower-cased
--              address, byte-wise, then line). Where a duplicate was taken out, its id is not used again.
-- destination  the domains, largest first; the ids of a domain are first_id to last_id
-- rejected, duplicate   rows of the list that never become recipients; kept for the results
-- outcome      one row for each attempt; the last one of a recipient counts. No index: nothing may slow the append.
--              At-most-once: `unknown`, before a message's end leaves; the row of its answer, if one comes, follows
-- peer         relay and TLS summary of outcomes, each text once in a while (a text may have several ids)

CREATE TABLE job (
    name TEXT NOT NULL,
    created_at REAL NOT NULL,
    sender TEXT NOT NULL,
    template TEXT NOT NULL,
    duplicates TEXT NOT NULL,
    fields_format TEXT NOT NULL,     -- how recipient.fields is packed
    columns TEXT NOT NULL,           -- JSON array: the names of the packed fields
    message BLOB NOT NULL,           -- the message as the job began with it
    fingerprint TEXT NOT NULL,       -- of the list
    recipients INTEGER NOT NULL,     -- rows of each of the three tables, and the highest recipient id
    rejected INTEGER NOT NULL,
    duplicate INTEGER NOT NULL,
    last_id INTEGER NOT NULL
);

CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE recipient (
    id INTEGER PRIMARY KEY,
    domain TEXT NOT NULL,
    address TEXT NOT NULL,
    line INTEGER NOT NULL,
    fields TEXT NOT NULL,
    key TEXT                         -- the address lower-cased; NULL where it is the address itself
);

CREATE TABLE destination (
    rank INTEGER PRIMARY KEY,        -- from 1: the most recipients first, then destination order
    domain TEXT NOT NULL,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    count INTEGER NOT NULL
);

CREATE TABLE rejected (line INTEGER NOT NULL, address TEXT NOT NULL, reason TEXT NOT NULL);

CREATE TABLE duplicate (
    id INTEGER PRIMARY KEY,          -- the place in recipient that it would have had
    line INTEGER NOT NULL,
    address TEXT NOT NULL,
    first_line INTEGER NOT NULL      -- the row of the list that goes out in its stead
);

CREATE TABLE peer (id INTEGER PRIMARY KEY, relay TEXT NOT NULL, tls TEXT NOT NULL);

CREATE TABLE outcome (
    id INTEGER PRIMARY KEY,
    recipient INTEGER NOT NULL,
    status TEXT NOT NULL,
    dsn TEXT NOT NULL,
    reply TEXT NOT NULL,
    peer INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    first_attempt_at REAL NOT NULL,  -- Unix time
    finished_at REAL NOT NULL,
    delay REAL NOT NULL,             -- seconds: the sum of Postfix's a/b/c/d
    queue_id TEXT NOT NULL,
    retry_at REAL NOT NULL           -- 0 unless deferred
);
