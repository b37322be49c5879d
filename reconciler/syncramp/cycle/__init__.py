"""One run: import, synchronise, plan, export, confirm."""
