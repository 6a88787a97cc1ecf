"""The second pass over a video: frames in, edited frames out."""
