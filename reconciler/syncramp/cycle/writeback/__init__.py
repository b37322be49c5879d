"""The other direction of a run: groups of the cloud into a directory, by the same plan, guards and ramps."""
