"""Synthetic people and emotional overlays: what the shipped manipulator learns from."""
