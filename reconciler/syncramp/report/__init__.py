"""A plan or a run as text and as JSON. Renders, never computes."""
