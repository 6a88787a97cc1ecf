"""The process that `ned` runs in: memory, cores, progress."""
