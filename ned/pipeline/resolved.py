"""What a run comes to on this machine: the options' open ends, settled once before any work.

The job's key, the signed manifest and the report read it, and nothing else, for what was done by what.
"""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass, fields, replace
from pathlib import Path

from ned import workspace
from ned.config import ProcessConfig
from ned.config.roles import AUTO, LANDMARKS, MANIPULATORS, RENDERERS
from ned.pipeline.face_models import encoder_digest, files_digest
from ned.pipeline.painters import painting_weights
from ned.version import __version__
from ned.video import probe

PACKAGES = ("torch", "numpy", "mediapipe", "opencv-contrib-python")
"""Whose versions may change images."""
OWN = "made by this run"
"""In place of a digest, for weights that fine-tuning within the run makes from what it is asked for."""


@dataclass(frozen=True)
class ResolvedRun:
    """Facts; made by `resolve`."""

    renderer: str
    """Name in `RENDERERS`."""
    renderer_weights: str
    """SHA-256 of the weights that it is given, `OWN`, or empty where it has none."""
    manipulator: str
    """Name in `MANIPULATORS`; empty where the expression comes from a file."""
    manipulator_weights: str
    face_model: str
    face_model_files: str
    """What changes with the model's own files; empty where it is shipped."""
    fit: str
    """The encoder that fits faces; empty for our own fit to landmarks."""
    encoder_weights: str
    """SHA-256 of the encoder's checkpoint; empty where there is none."""
    rasterizer: str
    """Name in `RASTERIZERS`; empty for the usual one."""
    device: str
    """What the renderer's networks run on; `cpu` for a renderer without networks."""
    seed: int
    versions: tuple[tuple[str, str], ...]
    """Packages and their versions, `ned` first."""
    why: str = ""
    """Why this renderer, where that was left open; in words for the user."""

    @property
    def trained(self) -> bool:
        """Whether networks that learnt from people have a part in the edit."""
        manipulator = bool(self.manipulator) and MANIPULATORS[self.manipulator].trained
        return RENDERERS[self.renderer].trained or manipulator or bool(self.encoder_weights)

    def facts(self) -> dict[str, str]:
        """By name, for a key or a manifest: all but why."""
        known = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("why", "versions")}
        return {name: str(value) for name, value in known.items()} | {f"version of {n}": v for n, v in self.versions}


def resolve(config: ProcessConfig) -> ResolvedRun:
    """Settle what `config` leaves open. Reads weights' digests. Raises OSError, UserError for a name of an actor."""
    renderer, why = _renderer(config)
    role, weights = RENDERERS[renderer], ""
    if role.weights is not None:
        if config.finetune_minutes > 0:
            weights = OWN
        else:
            weights = _digest(painting_weights(config))
    manipulator = "" if config.expression else config.chosen_manipulator
    checkpoint = (config.manipulator_weights or MANIPULATORS[manipulator].weights) if manipulator else None
    return ResolvedRun(
        renderer, weights, manipulator, _digest(checkpoint) if checkpoint else "", config.face_model,
        files_digest(config), "" if config.fit == LANDMARKS else config.fit, encoder_digest(config),
        "" if config.rasterizer == "compiled" else config.rasterizer,
        _device() if role.trained or config.fit != LANDMARKS else "cpu", config.seed, _versions(), why,
    )  # fmt: skip


def key_of(config: ProcessConfig, run: ResolvedRun) -> dict[str, str]:
    """What pieces of this work depend on; see `ned.workspace.job_key`. Raises OSError."""
    return workspace.job_key(config.identity() | run.facts())


def with_handles(config: ProcessConfig) -> ProcessConfig:
    """The same with start and end moved apart by the handles, frames of the video's mean rate. UserError as `probe`."""
    if not config.handles:
        return config
    wider = config.handles / float(probe(config.input).frame_rate)
    start_s = None if config.start_s is None else max(0.0, config.start_s - wider)
    return replace(config, handles=0, start_s=start_s, end_s=None if config.end_s is None else config.end_s + wider)


def published(config: ProcessConfig) -> tuple[Path, ...]:
    """Outputs that an interrupted run of the same work has put in their places."""
    return workspace.publishing(config.output_path, lambda: key_of(config, resolve(config)))


def _renderer(config: ProcessConfig) -> tuple[str, str]:
    if config.renderer != AUTO:
        return config.renderer, ""
    if config.actor is not None or config.finetune_minutes > 0 or config.renderer_weights is not None:
        return "neural", ""
    import torch

    if torch.cuda.is_available() and RENDERERS["neural"].weights.exists():
        return "neural", "renderer: neural, since there is a GPU (--renderer warp for the other)"
    return "warp", "renderer: warp, since there is no GPU (--renderer neural paints better and takes longer)"


def _device() -> str:
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"


def _digest(path: Path) -> str:
    return workspace.sha256_of(path) if path.is_file() else "missing"


def _versions() -> tuple[tuple[str, str], ...]:
    found = [("ned", __version__)]
    for package in PACKAGES:
        try:
            found.append((package, importlib.metadata.version(package)))
        except importlib.metadata.PackageNotFoundError:
            continue
    return tuple(found)
