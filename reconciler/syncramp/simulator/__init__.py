"""A made organisation, and a V2 endpoint with a tenant behind it, on loopback: for the demo and for tests."""
