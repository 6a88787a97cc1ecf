"""One loop and one checkpoint format for all networks."""
