"""The nouns everything shares, and the seams between the rooms. No behaviour, no I/O."""
