"""Finding messages and memories for a question."""
