-- Every statement on the key file, by name; bound by position as in queries.sql.

-- name: put_key
INSERT INTO keys (vault_id, session_id, version, commitment, wrapped_by, wrapped, created_ms)
VALUES (:vault_id, :session_id, :version, :commitment, :wrapped_by, :wrapped, :created_ms)
    ON CONFLICT DO NOTHING;

-- name: key_at
SELECT vault_id, session_id, version, commitment, wrapped_by, wrapped, created_ms
  FROM keys
 WHERE vault_id = :vault_id
   AND session_id = :session_id
   AND version = :version;

-- name: destroy_vault_keys
DELETE FROM keys
 WHERE vault_id = :vault_id;

-- name: destroy_keys
DELETE FROM keys
 WHERE vault_id = :vault_id
   AND session_id = :session_id
   AND (:version IS NULL OR version = :version);

-- name: keys_of_vault
SELECT vault_id, session_id, version, commitment, wrapped_by, wrapped, created_ms
  FROM keys
 WHERE vault_id = :vault_id
 ORDER BY session_id, version;

-- name: keys_of_session
SELECT vault_id, session_id, version, commitment, wrapped_by, wrapped, created_ms
  FROM keys
 WHERE vault_id = :vault_id
   AND session_id = :session_id
 ORDER BY version;

-- name: all_vault_keys
-- A walk over the whole table, for rotating the root key only.
SELECT vault_id, session_id, version, commitment, wrapped_by, wrapped, created_ms
  FROM keys
 WHERE session_id = zeroblob(16)
 ORDER BY vault_id, version;

-- name: put_erasure
INSERT INTO erasures (vault_id, session_id, at_ms)
VALUES (:vault_id, :session_id, :at_ms)
    ON CONFLICT DO NOTHING;

-- name: erasures
SELECT vault_id, session_id, at_ms
  FROM erasures
 ORDER BY at_ms, vault_id, session_id;

-- name: last_audit
SELECT coalesce(max(number), -1)
  FROM audit;

-- name: put_audit
INSERT INTO audit (number, at_ms, body, digest)
VALUES (:number, :at_ms, :body, :digest);

-- name: audit
SELECT number, at_ms, body, digest
  FROM audit
 WHERE number > :after
 ORDER BY number;

-- name: put_secret
INSERT INTO secrets (name, value)
VALUES (:name, :value)
    ON CONFLICT DO UPDATE
   SET value = excluded.value;

-- name: secret
SELECT value
  FROM secrets
 WHERE name = :name;

-- name: secrets
SELECT name, value
  FROM secrets
 ORDER BY name;

-- name: put_anchor
INSERT INTO anchors (vault_id, session_id, next_seq, chain, commitment, at_ms, digest)
VALUES (:vault_id, :session_id, :next_seq, :chain, :commitment, :at_ms, :digest)
    ON CONFLICT DO UPDATE
   SET next_seq = excluded.next_seq,
       chain = excluded.chain,
       commitment = excluded.commitment,
       at_ms = excluded.at_ms,
       digest = excluded.digest;

-- name: anchors
SELECT vault_id, session_id, next_seq, chain, commitment, at_ms, digest
  FROM anchors
 WHERE vault_id = :vault_id
 ORDER BY session_id;

-- name: remove_anchor
DELETE FROM anchors
 WHERE vault_id = :vault_id
   AND session_id = :session_id;

-- name: remove_vault_anchors
DELETE FROM anchors
 WHERE vault_id = :vault_id;
