-- The first schema.

-- Whole numbers about the file itself: schema_version, schema_compat_version.
CREATE TABLE meta (
  name  TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE vaults (
  vault_id   BLOB NOT NULL PRIMARY KEY,
  account_id BLOB NOT NULL,
  owner_tag  BLOB NOT NULL UNIQUE,
  kind       TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  rev        INTEGER NOT NULL,
  seals      INTEGER NOT NULL,
  epoch      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Session heads: the plain, moving part. The sealed part is a record of kind SESSION.
CREATE TABLE sessions (
  vault_id     BLOB NOT NULL,
  session_id   BLOB NOT NULL,
  kind         TEXT NOT NULL,
  assistant_id BLOB,
  project_id   BLOB,
  archived     INTEGER NOT NULL,
  started_ms   INTEGER NOT NULL,
  last_ms      INTEGER NOT NULL,
  next_seq     INTEGER NOT NULL,
  messages     INTEGER NOT NULL,
  turns        INTEGER NOT NULL,
  chain        BLOB NOT NULL,
  rev          INTEGER NOT NULL,
  PRIMARY KEY (vault_id, session_id)
) STRICT, WITHOUT ROWID;

-- Every sealed record. `sealed` comes last, so that a filter never reads its overflow pages.
CREATE TABLE records (
  vault_id BLOB NOT NULL,
  kind     INTEGER NOT NULL,
  scope    BLOB NOT NULL,
  ord      INTEGER NOT NULL,
  id       BLOB NOT NULL,
  state    INTEGER NOT NULL,
  owner    INTEGER,
  parent   BLOB,
  at_ms    INTEGER NOT NULL,
  version  INTEGER NOT NULL,
  link     BLOB NOT NULL,
  rev      INTEGER NOT NULL,
  sealed   BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX records_id_idx ON records (id, vault_id);

CREATE INDEX records_place_idx ON records (vault_id, scope, kind, ord, id);

CREATE INDEX records_rev_idx ON records (vault_id, rev);

-- A link goes when either of its ends goes.
CREATE TABLE links (
  vault_id BLOB NOT NULL,
  from_id  BLOB NOT NULL,
  to_id    BLOB NOT NULL,
  kind     TEXT NOT NULL,
  PRIMARY KEY (vault_id, from_id, to_id, kind),
  FOREIGN KEY (vault_id, from_id) REFERENCES records (vault_id, id) ON DELETE CASCADE,
  FOREIGN KEY (vault_id, to_id) REFERENCES records (vault_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX links_to_idx ON links (vault_id, to_id);

-- Keyed digests that may be written once per vault.
CREATE TABLE once (
  vault_id BLOB NOT NULL,
  tag      BLOB NOT NULL,
  id       BLOB NOT NULL,
  PRIMARY KEY (vault_id, tag)
) STRICT, WITHOUT ROWID;
