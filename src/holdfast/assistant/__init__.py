"""A chat turn from input to answer."""
