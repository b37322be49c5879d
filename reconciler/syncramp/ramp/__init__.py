"""Ramps: how large groups may be now. Pure functions of policies, measurements and a moment that is handed in."""
