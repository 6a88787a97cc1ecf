"""ned: change the emotion of a person in a talking video, keep who they are and what they say."""

__version__ = "0.1.0"
