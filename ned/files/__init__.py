"""Files of any kind: written whole or not at all, arrays, states, weights. Knows no names of `ned`'s own files."""
