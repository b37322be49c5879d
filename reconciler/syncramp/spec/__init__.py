"""The SyncConfig document: its schema, and the loaded YAML as frozen types."""
