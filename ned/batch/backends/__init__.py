"""Who starts the workers of a batch."""
