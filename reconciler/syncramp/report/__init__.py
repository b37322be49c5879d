"""A plan, a run, an explanation or the rules as text and as JSON. Renders, never computes."""
