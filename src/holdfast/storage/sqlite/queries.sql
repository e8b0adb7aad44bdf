-- Every statement on the data file, by name. Parameters are named here and bound by position, in
-- the order of their first appearance: a tuple costs a third of what a dictionary does per call.

-- name: vault_exists
SELECT 1
  FROM vaults
 WHERE vault_id = :vault_id;

-- name: insert_vault
INSERT INTO vaults (vault_id, account_id, owner_tag, kind, created_ms, rev, seals, epoch)
VALUES (:vault_id, :account_id, :owner_tag, :kind, :created_ms, 0, 0, :epoch)
    ON CONFLICT DO NOTHING;

-- name: advance_vault
UPDATE vaults
   SET rev = rev + 1, seals = seals + :seals
 WHERE vault_id = :vault_id
   AND (:epoch IS NULL OR epoch = :epoch)
RETURNING rev, seals;

-- name: rotate_vault
UPDATE vaults
   SET seals = :seals, epoch = :epoch
 WHERE vault_id = :vault_id;

-- name: insert_head
INSERT INTO sessions (
         vault_id, session_id, kind, assistant_id, project_id, archived, started_ms, last_ms,
         next_seq, messages, turns, chain, rev)
VALUES (:vault_id, :session_id, :kind, :assistant_id, :project_id, :archived, :started_ms, :last_ms,
        :next_seq, :messages, :turns, :chain, :rev)
    ON CONFLICT DO NOTHING;

-- name: move_head
UPDATE sessions
   SET kind = :kind, assistant_id = :assistant_id, project_id = :project_id, archived = :archived,
       started_ms = :started_ms, last_ms = :last_ms, next_seq = :next_seq, messages = :messages,
       turns = :turns, chain = :chain, rev = :rev
 WHERE vault_id = :vault_id
   AND session_id = :session_id
   AND next_seq = :expected_next_seq
   AND turns = :expected_turns
   AND chain = :expected_chain
   AND (:expected_rev IS NULL OR rev = :expected_rev);

-- name: touch_head
UPDATE sessions
   SET kind = :kind, assistant_id = :assistant_id, project_id = :project_id, archived = :archived,
       rev = :rev
 WHERE vault_id = :vault_id
   AND session_id = :session_id;

-- name: put_row
-- Inserts, or replaces a row of the same id and place when the version rises. Nothing changes
-- otherwise, which the caller sees by the number of changed rows.
INSERT INTO records (
         vault_id, kind, scope, ord, id, state, owner, parent, at_ms, version, link, rev, sealed)
VALUES (:vault_id, :kind, :scope, :ord, :id, :state, :owner, :parent, :at_ms, :version, :link, :rev,
        :sealed)
    ON CONFLICT (id, vault_id) DO UPDATE
   SET state = excluded.state, owner = excluded.owner, parent = excluded.parent,
       at_ms = excluded.at_ms, version = excluded.version, link = excluded.link,
       rev = excluded.rev, sealed = excluded.sealed
 WHERE excluded.version > records.version
   AND excluded.kind = records.kind
   AND excluded.scope = records.scope
   AND excluded.ord = records.ord;

-- name: remove_row
-- Its links go with it by their foreign keys. Served by records_id_idx.
DELETE FROM records
 WHERE vault_id = :vault_id
   AND id = :id;

-- name: insert_link
-- Both ends must be there and not forgotten; a link that exists counts as not changed.
INSERT INTO links (vault_id, from_id, to_id, kind)
SELECT a.vault_id, a.id, b.id, :kind
  FROM records AS a
  JOIN records AS b ON b.vault_id = a.vault_id
 WHERE a.vault_id = :vault_id
   AND a.id = :from_id
   AND b.id = :to_id
   AND a.state < 2
   AND b.state < 2
    ON CONFLICT DO NOTHING;

-- name: link_exists
SELECT 1
  FROM links
 WHERE vault_id = :vault_id
   AND from_id = :from_id
   AND to_id = :to_id
   AND kind = :kind;

-- name: remove_link
DELETE FROM links
 WHERE vault_id = :vault_id
   AND from_id = :from_id
   AND to_id = :to_id
   AND kind = :kind;

-- name: remove_links_from
DELETE FROM links
 WHERE vault_id = :vault_id
   AND from_id = :id;

-- name: remove_links_to
-- Served by links_to_idx.
DELETE FROM links
 WHERE vault_id = :vault_id
   AND to_id = :id;

-- name: once
SELECT id
  FROM once
 WHERE vault_id = :vault_id
   AND tag = :tag;

-- name: insert_once
INSERT INTO once (vault_id, tag, id)
VALUES (:vault_id, :tag, :id);

-- name: session_once_remove
-- Walks over the vault's tags: an index by id would cost every append a page for the sake of this.
DELETE FROM once
 WHERE vault_id = :vault_id
   AND (id = :session_id
    OR id IN (SELECT r.id
                FROM records AS r
               WHERE r.vault_id = once.vault_id
                 AND r.id = once.id
                 AND r.scope = :session_id));

-- name: session_rows_remove
-- All but the record that stands for the session itself.
DELETE FROM records INDEXED BY records_place_idx
 WHERE vault_id = :vault_id
   AND kind = :kind
   AND scope = :session_id
   AND id <> :session_id;

-- name: session_head_remove
DELETE FROM sessions
 WHERE vault_id = :vault_id
   AND session_id = :session_id;

-- name: session_grave
-- What stands for a session: the place, state and version of its own record.
SELECT scope, ord, state, version, at_ms
  FROM records
 WHERE vault_id = :vault_id
   AND id = :session_id
   AND kind = 1;

-- name: vault_links_remove
DELETE FROM links
 WHERE vault_id = :vault_id;

-- name: vault_once_remove
DELETE FROM once
 WHERE vault_id = :vault_id;

-- name: vault_rows_remove
DELETE FROM records
 WHERE vault_id = :vault_id;

-- name: vault_heads_remove
DELETE FROM sessions
 WHERE vault_id = :vault_id;

-- name: vault_remove
DELETE FROM vaults
 WHERE vault_id = :vault_id;

-- name: vault
SELECT vault_id, account_id, owner_tag, kind, created_ms, rev, seals, epoch
  FROM vaults
 WHERE vault_id = :vault_id;

-- name: vault_of
SELECT vault_id, account_id, owner_tag, kind, created_ms, rev, seals, epoch
  FROM vaults
 WHERE owner_tag = :owner_tag;

-- name: vaults
SELECT vault_id, account_id, owner_tag, kind, created_ms, rev, seals, epoch
  FROM vaults
 WHERE vault_id > :after
 ORDER BY vault_id
 LIMIT :max_rows;

-- name: rows_of_scope
-- Served, order included, by records_place_idx; `state`, `parent` and `owner` are looked at on the
-- way.
SELECT kind, scope, ord, id, state, owner, parent, at_ms, version, link, sealed, rev
  FROM records INDEXED BY records_place_idx
 WHERE vault_id = :vault_id
   AND kind = :kind
   AND scope = :scope
   AND ord >= :first
   AND ord < :last
   AND CASE WHEN :state IS NULL THEN state <> 3 ELSE state = :state END
   AND (:parent IS NULL OR parent = :parent)
   AND (:owner IS NULL OR owner = :owner)
 ORDER BY ord, id
 LIMIT :max_rows;

-- name: rows_of_scope_newest
SELECT kind, scope, ord, id, state, owner, parent, at_ms, version, link, sealed, rev
  FROM records INDEXED BY records_place_idx
 WHERE vault_id = :vault_id
   AND kind = :kind
   AND scope = :scope
   AND ord >= :first
   AND ord < :last
   AND CASE WHEN :state IS NULL THEN state <> 3 ELSE state = :state END
   AND (:parent IS NULL OR parent = :parent)
   AND (:owner IS NULL OR owner = :owner)
 ORDER BY ord DESC, id DESC
 LIMIT :max_rows;

-- name: rows_of_kind
-- As rows_of_scope, over every scope: a walk over the vault's index, for maintenance and tests.
SELECT kind, scope, ord, id, state, owner, parent, at_ms, version, link, sealed, rev
  FROM records INDEXED BY records_place_idx
 WHERE vault_id = :vault_id
   AND kind = :kind
   AND ord >= :first
   AND ord < :last
   AND CASE WHEN :state IS NULL THEN state <> 3 ELSE state = :state END
   AND (:parent IS NULL OR parent = :parent)
   AND (:owner IS NULL OR owner = :owner)
 ORDER BY scope, ord, id
 LIMIT :max_rows;

-- name: rows_of_kind_newest
SELECT kind, scope, ord, id, state, owner, parent, at_ms, version, link, sealed, rev
  FROM records INDEXED BY records_place_idx
 WHERE vault_id = :vault_id
   AND kind = :kind
   AND ord >= :first
   AND ord < :last
   AND CASE WHEN :state IS NULL THEN state <> 3 ELSE state = :state END
   AND (:parent IS NULL OR parent = :parent)
   AND (:owner IS NULL OR owner = :owner)
 ORDER BY scope DESC, ord DESC, id DESC
 LIMIT :max_rows;

-- name: rows_open
-- Served by records_open_idx: a vault has few open turns among very many ended ones.
SELECT kind, scope, ord, id, state, owner, parent, at_ms, version, link, sealed, rev
  FROM records INDEXED BY records_open_idx
 WHERE vault_id = :vault_id
   AND state = 1
   AND kind = :kind
   AND (:scope IS NULL OR scope = :scope)
   AND ord >= :first
   AND ord < :last
   AND (:parent IS NULL OR parent = :parent)
   AND (:owner IS NULL OR owner = :owner)
 ORDER BY scope, ord, id;

-- name: rows_chunks
-- Served by records_chunks_idx.
SELECT kind, scope, ord, id, state, owner, parent, at_ms, version, link, sealed, rev
  FROM records INDEXED BY records_chunks_idx
 WHERE vault_id = :vault_id
   AND kind = 8
   AND parent = :parent
   AND (:scope IS NULL OR scope = :scope)
   AND ord >= :first
   AND ord < :last
   AND CASE WHEN :state IS NULL THEN state <> 3 ELSE state = :state END
   AND (:owner IS NULL OR owner = :owner)
 ORDER BY scope, ord, id
 LIMIT :max_rows;

-- name: rows_by_id
-- Served by records_id_idx.
SELECT kind, scope, ord, id, state, owner, parent, at_ms, version, link, sealed, rev
  FROM records INDEXED BY records_id_idx
 WHERE vault_id = :vault_id
   AND id IN (SELECT value FROM carray(:ids))
   AND state <> 3;

-- name: changes
-- Served by records_rev_idx; only the rows of one revision are sorted.
SELECT kind, scope, ord, id, state, owner, parent, at_ms, version, link, sealed, rev
  FROM records INDEXED BY records_rev_idx
 WHERE vault_id = :vault_id
   AND rev > :after
 ORDER BY rev, kind, scope, ord, id
 LIMIT :max_rows;

-- name: changes_of_kinds
SELECT kind, scope, ord, id, state, owner, parent, at_ms, version, link, sealed, rev
  FROM records INDEXED BY records_rev_idx
 WHERE vault_id = :vault_id
   AND rev > :after
   AND kind IN (SELECT value FROM carray(:kinds))
 ORDER BY rev, kind, scope, ord, id
 LIMIT :max_rows;

-- name: changes_at
SELECT kind, scope, ord, id, state, owner, parent, at_ms, version, link, sealed, rev
  FROM records INDEXED BY records_rev_idx
 WHERE vault_id = :vault_id
   AND rev = :rev
 ORDER BY kind, scope, ord, id;

-- name: heads
-- Walks over the vault's heads: an index by last_ms would cost every append a page. Backwards, which
-- LIMIT -1 keeps as it is: ids grow with time, so the first ones fill the page and hardly any later
-- one is sorted in (10,000 heads: 1.6 ms instead of 4.1).
SELECT session_id, kind, assistant_id, project_id, archived, started_ms, last_ms, next_seq,
       messages, turns, chain, rev
  FROM (SELECT *
          FROM sessions
         WHERE vault_id = :vault_id
         ORDER BY session_id DESC
         LIMIT -1)
 WHERE (:kind IS NULL OR kind = :kind)
   AND (:assistant_id IS NULL OR assistant_id = :assistant_id)
   AND (:project_id IS NULL OR project_id = :project_id)
   AND (:archived IS NULL OR archived = :archived)
   AND (:before_ms IS NULL OR (last_ms, session_id) < (:before_ms, :before_id))
 ORDER BY last_ms DESC, session_id DESC
 LIMIT :max_rows;

-- name: heads_by_id
SELECT session_id, kind, assistant_id, project_id, archived, started_ms, last_ms, next_seq,
       messages, turns, chain, rev
  FROM sessions
 WHERE vault_id = :vault_id
   AND session_id IN (SELECT value FROM carray(:session_ids))
   AND (:kind IS NULL OR kind = :kind)
   AND (:assistant_id IS NULL OR assistant_id = :assistant_id)
   AND (:project_id IS NULL OR project_id = :project_id)
   AND (:archived IS NULL OR archived = :archived)
   AND (:before_ms IS NULL OR (last_ms, session_id) < (:before_ms, :before_id))
 ORDER BY last_ms DESC, session_id DESC
 LIMIT :max_rows;

-- name: links_all
SELECT kind, from_id, to_id
  FROM links
 WHERE vault_id = :vault_id
   AND (:kind IS NULL OR kind = :kind);

-- name: links_from
-- Served by the primary key.
SELECT kind, from_id, to_id
  FROM links
 WHERE vault_id = :vault_id
   AND from_id IN (SELECT value FROM carray(:ids))
   AND (:kind IS NULL OR kind = :kind);

-- name: links_to
-- Served by links_to_idx.
SELECT kind, from_id, to_id
  FROM links INDEXED BY links_to_idx
 WHERE vault_id = :vault_id
   AND to_id IN (SELECT value FROM carray(:ids))
   AND (:kind IS NULL OR kind = :kind);

-- name: count_heads
SELECT count(*)
  FROM sessions
 WHERE vault_id = :vault_id;

-- name: count_rows
-- Lengths come from the cells' headers; no overflow page is read for them.
SELECT kind, count(*), count(*) FILTER (WHERE state = 0), sum(length(sealed)),
       min(at_ms) FILTER (WHERE state = 0), max(at_ms) FILTER (WHERE state = 0)
  FROM records
 WHERE vault_id = :vault_id
   AND state <> 3
 GROUP BY kind;

-- name: count_files
-- A file is known by the message that its chunks belong to. Served by records_chunks_idx.
SELECT count(DISTINCT parent)
  FROM records
 WHERE vault_id = :vault_id
   AND kind = 8;

-- name: open_owners
-- Served by records_open_idx.
SELECT DISTINCT owner, vault_id
  FROM records
 WHERE state = 1
   AND owner IS NOT NULL;
