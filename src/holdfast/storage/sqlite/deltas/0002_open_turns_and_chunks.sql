-- Find open turns at a start, and one file's chunks, without walking over everything else.

-- Turns that have not ended: few at any time, looked for at every start.
CREATE INDEX records_open_idx ON records (vault_id, owner) WHERE state = 1;

-- Chunks of a file. Chunks are big, so finding one file's must not walk over another's.
CREATE INDEX records_chunks_idx ON records (vault_id, parent) WHERE kind = 8;
