"""Settings of the product's slider; imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass

from ned.config.settings import Settings


@dataclass(frozen=True)
class SliderConfig(Settings):
    """How the slider is fitted. Widths and λ were chosen on validation people, see docs/slider.md: a wider kernel over
    places overshoots between neighbours that look unlike each other, a narrower one fades between those far apart."""

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
    gamma_theta: float = 5.0
    ridge: float = 1e-6
