"""A blind panel, as in the user study of Neural Emotion Director: are edited clips taken for real, and is
the emotion read?"""
