"""Keys, envelope and codec: a record becomes a sealed row here, and a sealed row a record."""
