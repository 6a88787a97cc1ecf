"""The version, which outputs, keys and caches name. This module imports nothing."""

__version__ = "0.1.0"
