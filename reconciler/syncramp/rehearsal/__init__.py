"""Rehearsals: the real engine, a made directory and the simulator, on one virtual clock."""
