"""The Kopf operator of Syncramp: it translates between Kubernetes and the engine, and decides nothing."""
