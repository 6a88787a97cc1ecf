"""The neural renderer's weights that ned ships."""

from __future__ import annotations

from pathlib import Path

SHIPPED = Path(__file__).resolve().parent.parent / "assets" / "meta_renderer.safetensors"
"""Trained on many people; what `ned finetune` begins from."""
