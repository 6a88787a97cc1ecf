"""The protocol by which speech-preserving facial expression manipulation is compared on MEAD (the tables of CDRL and
STCCL): FAD, LSE-D and CSIM of six actors, with references of the same identity and of another."""
