-- The key file as it is today. How it came to be: keys_deltas/. A test holds the two equal.
-- Everything here is wrapped by the root key, or plain ids, times and counts.

CREATE TABLE meta (
  name  TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `session_id` is sixteen zero bytes for a vault's own key.
CREATE TABLE keys (
  vault_id   BLOB NOT NULL,
  session_id BLOB NOT NULL,
  version    INTEGER NOT NULL,
  commitment BLOB NOT NULL,
  wrapped_by BLOB NOT NULL,
  wrapped    BLOB NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (vault_id, session_id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE erasures (
  vault_id   BLOB NOT NULL,
  session_id BLOB NOT NULL,
  at_ms      INTEGER NOT NULL,
  PRIMARY KEY (vault_id, session_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  number INTEGER NOT NULL PRIMARY KEY,
  at_ms  INTEGER NOT NULL,
  body   BLOB NOT NULL,
  digest BLOB NOT NULL
) STRICT;

CREATE TABLE secrets (
  name  TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- How far each session had come when it was last verified.
CREATE TABLE anchors (
  vault_id   BLOB NOT NULL,
  session_id BLOB NOT NULL,
  next_seq   INTEGER NOT NULL,
  chain      BLOB NOT NULL,
  commitment BLOB NOT NULL,
  at_ms      INTEGER NOT NULL,
  digest     BLOB NOT NULL,
  PRIMARY KEY (vault_id, session_id)
) STRICT, WITHOUT ROWID;
