"""Which judges are here, and why others are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ned.errors import NedError
from ned.evaluation.judges.detector import Yunet
from ned.evaluation.judges.networks import OnnxJudge
from ned.evaluation.judges.onnx import runtime_is_here
from ned.evaluation.judges.parsing import BiSeNet
from ned.evaluation.judges.perceptual import Lpips
from ned.evaluation.judges.protocol import (
    AffectJudge,
    ClipJudge,
    DistributionJudge,
    ExpressionJudge,
    FaceDetector,
    FeatureJudge,
    ImageJudge,
    ParsingJudge,
    SyncJudge,
)
from ned.models import MODELS, Model, find_model
from ned.models.store import why_absent
from ned.runtime.extras import need

NO_RUNTIME = "needs the package onnxruntime: `pip install onnxruntime`"


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
    video: ClipJudge | None = None
    detector: FaceDetector | None = None
    parsing: ParsingJudge | None = None
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
        if load in (_onnx, _parsing) and not runtime_is_here():
            absent[model.name] = NO_RUNTIME
            continue
        try:
            found.setdefault(model.kind, []).append(load(model, path))
        except NedError as error:
            absent[model.name] = str(error)
    affect = tuple(found.get("valence-arousal", ()))
    first = {kind: judges[0] for kind, judges in found.items() if judges}
    return Judges(
        first.get("landmarks"), (*found.get("expression", ()), *affect), affect, tuple(found.get("identity", ())),
        first.get("perceptual"), tuple(found.get("features", ())), first.get("sync"), first.get("distribution"),
        first.get("video"), first.get("detector"), first.get("parsing"), absent,
    )  # fmt: skip


def _onnx(model: Model, path: Path) -> OnnxJudge:
    judge = OnnxJudge(model.name, path)
    judge.try_out(model.kind)
    return judge


def _perceptual(model: Model, path: Path) -> ImageJudge:
    need("torch", "this network")
    return Lpips(path)


def _sync(model: Model, path: Path) -> SyncJudge:
    need("torch", "this network")
    from ned.evaluation.judges.syncnet import SyncNet  # imports torch

    return SyncNet(path)


def _inception(model: Model, path: Path) -> DistributionJudge:
    need("torch", "this network")
    from ned.evaluation.judges.inception import Inception  # imports torch

    return Inception(path)


def _video(model: Model, path: Path) -> ClipJudge:
    need("torch", "this network")
    from ned.evaluation.judges.i3d import I3d  # imports torch

    return I3d(path)


def _parsing(model: Model, path: Path) -> ParsingJudge:
    return BiSeNet(path)


_LOADERS: dict[str, Callable[[Model, Path], Any]] = {
    "landmarks": lambda model, path: path,
    "perceptual": _perceptual,
    "sync": _sync,
    "distribution": _inception,
    "video": _video,
    "detector": lambda model, path: Yunet(path),
    "parsing": _parsing,
}
