"""Desired against known: changes, what holds them, and the plan as a whole. No I/O, no clock."""
