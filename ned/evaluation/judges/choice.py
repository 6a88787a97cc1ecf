"""Which judges are here, and why others are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ned.errors import NedError
from ned.evaluation.judges.networks import OnnxJudge
from ned.evaluation.judges.onnx import runtime_is_here
from ned.evaluation.judges.perceptual import Lpips
from ned.evaluation.judges.protocol import (
    AffectJudge,
    DistributionJudge,
    ExpressionJudge,
    FeatureJudge,
    ImageJudge,
    SyncJudge,
)
from ned.models import MODELS, Model, find_model
from ned.models.store import why_absent

NO_RUNTIME = "needs the package onnxruntime: `pip install ned[judges]`"


@dataclass(frozen=True)
class Judges:
    """What is here beside the embedded mesh, by the names of the registry."""

    landmarker: Path | None = None
    expression: tuple[ExpressionJudge, ...] = ()
    affect: tuple[AffectJudge, ...] = ()
    identity: tuple[FeatureJudge, ...] = ()
    perceptual: ImageJudge | None = None
    features: tuple[FeatureJudge, ...] = ()
    """Of protocols."""
    sync: SyncJudge | None = None
    distribution: DistributionJudge | None = None
    absent: Mapping[str, str] = field(default_factory=dict)
    """Why a model of the registry is not used, by its name."""

    def why_not(self, kind: str) -> str:
        """What to say of a figure for which no judge of a kind is here: the reason that is nearest to mending."""
        reasons = [self.absent[m.name] for m in MODELS if m.kind == kind and m.name in self.absent]
        return next((r for r in reasons if "FILE" not in r), reasons[0] if reasons else f"needs a judge of {kind}")


def find_judges(models: tuple[Model, ...] = MODELS) -> Judges:
    """Every judge whose file is here and good. A damaged or foreign file is a reason, never an error."""
    absent: dict[str, str] = {}
    found: dict[str, list[Any]] = {}
    for model in models:
        path = find_model(model)
        if path is None:
            absent[model.name] = why_absent(model)
            continue
        load = _LOADERS.get(model.kind, _onnx)
        if load is _onnx and not runtime_is_here():
            absent[model.name] = NO_RUNTIME
            continue
        try:
            found.setdefault(model.kind, []).append(load(model, path))
        except NedError as error:
            absent[model.name] = str(error)
    affect = tuple(found.get("valence-arousal", ()))
    return Judges(
        next(iter(found.get("landmarks", ())), None), (*found.get("expression", ()), *affect), affect,
        tuple(found.get("identity", ())), next(iter(found.get("perceptual", ())), None),
        tuple(found.get("features", ())), next(iter(found.get("sync", ())), None),
        next(iter(found.get("distribution", ())), None), absent,
    )  # fmt: skip


def _onnx(model: Model, path: Path) -> OnnxJudge:
    return OnnxJudge(model.name, path)


def _sync(model: Model, path: Path) -> SyncJudge:
    from ned.evaluation.judges.syncnet import SyncNet  # imports torch

    return SyncNet(path)


def _inception(model: Model, path: Path) -> DistributionJudge:
    from ned.evaluation.judges.inception import Inception  # imports torch

    return Inception(path)


_LOADERS: dict[str, Callable[[Model, Path], Any]] = {
    "landmarks": lambda model, path: path,
    "perceptual": lambda model, path: Lpips(path),
    "sync": _sync,
    "distribution": _inception,
}
