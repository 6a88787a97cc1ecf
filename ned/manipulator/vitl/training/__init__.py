"""Fitting the slider: displays to learn from, and measuring it on a corpus."""
