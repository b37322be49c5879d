"""The status of a SyncConfig as values: conditions with their reasons and words, numbers, and what changed."""
