-- Anchors let 'holdfast verify' see a session that was rolled back as a whole.

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
