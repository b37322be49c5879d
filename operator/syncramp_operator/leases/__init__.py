"""One at a time: the leader among replicas, and the one writer to a tenant."""
