"""The synthetic FLAME that tests share; its generator lives in `scripts/build`."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts" / "build"))
import synthetic_flame as generator
import synthetic_flame_model as synthetic


@lru_cache(maxsize=1)
def synthetic_flame() -> synthetic.SyntheticFlame:
    """Built once for all tests of a run."""
    return synthetic.build(0)


__all__ = ["generator", "synthetic_flame"]
