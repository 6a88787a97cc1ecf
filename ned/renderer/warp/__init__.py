"""Renderer `warp`: the frame's own pixels, moved by the edited mesh."""
