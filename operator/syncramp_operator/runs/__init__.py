"""SyncRuns as values: from their manifest to their end, bounded whatever a tenant holds."""
