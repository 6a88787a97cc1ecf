"""Encoders of others that read FLAME's coefficients off an image: DECA, EMOCA, SPECTRE, SMIRK.

Networks are written here from published figures, with the names that their checkpoints use, and load strictly; weights
are the user's own. Imported where they are used, since they need torch.
"""
