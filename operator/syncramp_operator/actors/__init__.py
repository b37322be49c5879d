"""One SyncConfig of a cluster, looked after: what wakes its actor, what the actor sees, does and tells."""
