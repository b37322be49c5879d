"""What we know, in SQLite: entries, desired objects, the two bounds of every membership, intents, runs.

Never decides anything.
"""
