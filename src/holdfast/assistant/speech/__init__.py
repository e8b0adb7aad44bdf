"""Speech of an input becomes text."""
