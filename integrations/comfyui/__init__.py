"""Nodes of `ned` for ComfyUI. They hand on paths of files, never batches of frames: memory does not grow with length."""

from .nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]
