"""Numbers that gates ask other systems for, Prometheus and webhooks: they are asked and told, nothing is decided."""
