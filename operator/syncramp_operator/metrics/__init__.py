"""What a scrape shows: the same numbers, wherever runs are made."""
