"""What the paper measures a renderer and a manipulator by where the truth is known: a person's own frames.

Self-translation: the last tenth of a video is edited to the emotion that it has already; the truth is the video.
Self-reenactment: the last tenth is painted from the frames before it and its own geometry; the truth is the same.
"""
