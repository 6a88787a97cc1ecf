"""Nodes of `ned` for ComfyUI. They hand on paths of files, never batches of frames, so length costs no memory."""

from .nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]
