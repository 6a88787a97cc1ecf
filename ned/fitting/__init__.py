"""From landmarks to the face model's pose, identity and expression."""

from ned.fitting.least_squares import fit_face

__all__ = ["fit_face"]
