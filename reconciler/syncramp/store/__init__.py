"""What we know, in SQLite or PostgreSQL: entries, desired objects, the two bounds of every membership, intents, runs.

Never decides anything.
"""
