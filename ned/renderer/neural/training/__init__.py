"""Training of the neural renderer, on many people and on one."""
