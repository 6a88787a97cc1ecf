"""Settings of the product's slider; imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass

from ned.config.options import check_choice
from ned.config.settings import Settings
from ned.errors import UserError

RING, GAUSSIAN = KERNELS = "ring", "gaussian"


@dataclass(frozen=True)
class SliderConfig(Settings):
    """How the slider is fitted. Widths and λ were chosen on validation people, see docs/slider.md."""

    NETWORKS = ("vitl",)
    BOUNDS = {
        "people": (2, 100_000), "half_seen": (0.0, 1.0), "anchors": (2, 5000), "gamma_x": (1e-6, 1e6),
        "gamma_theta": (1e-6, 1e6), "ridge": (1e-12, 1e6),
    }  # fmt: skip

    networks: str = "vitl"
    people: int = 800
    anchors: int = 400
    half_seen: float = 1.0
    """Share of the people who are learnt from a second time as fits of real faces show them: better on these (÷ mean
    offset .50 instead of .59), hardly worse on displays that are seen whole (.87 instead of .86)."""
    seed: int = 0
    gamma_x: float = 0.7
    places: str = RING
    """The kernel over places: along the ring and the radius (`plane.ring_kernel`), or a Gaussian of the plane, as the
    paper has it; which, if wide, overshoots between neighbours that look unlike each other, and, if narrow, fades
    between those far apart."""
    gamma_theta: float = 5.0
    """Of the Gaussian."""
    ridge: float = 1e-6

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("places", self.places, KERNELS)
        if self.places == RING and self.gamma_theta != type(self).gamma_theta:
            raise UserError("gamma_theta is of the Gaussian", remedy=f"leave it out, or give places: {GAUSSIAN}")
