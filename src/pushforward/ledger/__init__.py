"""What there is to make, and what of it is fresh: decided by content, never by file times."""
