"""Fixtures of the evaluation's tests."""

from tests.evaluation.faces import original, portrait, talk

__all__ = ["original", "portrait", "talk"]
