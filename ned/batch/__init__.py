"""Many videos on many machines: a plan in a store that all of them see, and workers that need nothing else.

plan.py      which videos, with which options → the manifest
store.py     where all meet; units.py says what the names in it mean, claims.py who is at work
worker.py    takes units (a video's analysis, a range of its pieces), does and publishes them
kept.py      what is finished of a unit before it is done; results.py publishes it when it is
merge.py     pieces → videos, by copying
status.py    how it stands
backends/    who starts the workers: processes of this machine, Ray, Slurm
"""
