"""`ned bench`: the figures of this machine, processor and GPU, as a table to paste into an issue."""
