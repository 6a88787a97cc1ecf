"""On what networks run, and with how many digits."""

from __future__ import annotations

from functools import lru_cache

import torch


def mixed_precision(device: torch.device) -> torch.autocast:
    """Convolutions and products in bfloat16, the rest in float32, on GPUs and on processors with instructions for it
    (AVX512-BF16, AMX); others would only lose digits and time. Apple's GPUs take float16. Weights stay in float32."""
    if device.type == "mps":
        return torch.autocast("mps", torch.float16)
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda" or _processor_has_bfloat16())


def best_device() -> torch.device:
    """A GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@lru_cache(maxsize=1)
def _processor_has_bfloat16() -> bool:
    known = getattr(torch.cpu, "get_capabilities", dict)()  # older torch does not say
    return bool(known.get("avx512_bf16") or known.get("amx_bf16"))
