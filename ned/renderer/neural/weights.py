"""The neural renderer's weights that ned ships."""

from __future__ import annotations

from ned.config.roles import RENDERERS

SHIPPED = RENDERERS["neural"].weights
"""Trained on many people; what `ned finetune` begins from."""
assert SHIPPED is not None
