"""The emotions, in the order of the networks' outputs. This module imports nothing."""

EMOTIONS = ("neutral", "happy", "sad", "angry", "fear", "disgusted", "surprised")
