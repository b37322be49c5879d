"""Which groups of the cloud are written to a directory, and what of them: pure, from values to values."""
