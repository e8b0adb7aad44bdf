"""Condensing: what a conversation came to, in its own words and without a model."""
