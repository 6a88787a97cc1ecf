"""Numbered images in and out: 16-bit half OpenEXR in a named colour space, and PNG of 8 or 16 bits.

What is edited is a *view* of them, integers as a screen would show them, kept without loss in one file; only what
changed in the view goes back, as light, into the images' own samples.
"""
