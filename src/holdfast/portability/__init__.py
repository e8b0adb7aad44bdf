"""Import and export: pure readers and writers, no storage, no keys, no event loop.

Readers turn an export file into neutral `Conversation` values; writers turn the nouns of
`holdfast.model` into a bundle, JSON, Markdown or PDF.
"""
