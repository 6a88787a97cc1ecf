"""FLAME (Li et al. 2017) from the user's own files: reading, skinning, landmarks, and the face `ned` works with."""
