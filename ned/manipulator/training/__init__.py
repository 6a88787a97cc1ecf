"""Training of the learned manipulator."""
