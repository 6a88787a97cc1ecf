"""Fitting face models to landmarks."""
