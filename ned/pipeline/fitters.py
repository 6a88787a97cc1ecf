"""Who fits faces: landmarks alone, or an encoder that looks at the images (`--fit`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from ned.config.edit import FaceModelOptions
from ned.config.roles import LANDMARKS, SOURCES
from ned.encoders.crop import Crop, deca_crop
from ned.encoders.editions import check_edition
from ned.encoders.encode import crop_of, encode_frames, joined, load_faces, save_faces
from ned.encoders.fit import EncodedFit, encoded_fit
from ned.encoders.parameters import EncodedFaces
from ned.errors import UserError
from ned.exchange.persons import PersonExpression
from ned.face_model import FLAME50, FaceModel
from ned.face_model.flame.arkit import ArkitFlame
from ned.face_model.flame.face import FlameFace
from ned.files.reading import fingerprint, sha256_of
from ned.fitting.bridge import Bridge, bridge
from ned.fitting.flame import FlameFit, fit_flame
from ned.fitting.flame68 import embedding_of, fit_flame68
from ned.fitting.least_squares import fit_face
from ned.licences import require
from ned.pipeline.face_models import encoder_path, load_model
from ned.runtime.progress import Progress, Silent
from ned.types import Analysis, ExpressionTrack, FaceFit, FaceTrack, Heads
from ned.video import frames_at
from ned.workspace import Cache

_VERSION = 1


@dataclass(frozen=True)
class Fitted:
    """One track, fitted."""

    face: FaceFit
    """In the model's space."""
    heads: Heads | None = None
    """Of FLAME, where it was asked for."""
    flame: FlameFit | None = None
    encoded: EncodedFit | None = None


@dataclass(frozen=True)
class Fitter:
    """Fits tracks with one model in one way."""

    model: FaceModel
    kind: str = LANDMARKS
    checkpoint: Path | None = None
    """Of the encoder."""
    wants_heads: bool = False
    """Whether the whole head is to be told as well, also where the model speaks ARKit's coefficients."""
    landmarks: str = SOURCES[0]
    """Who sees landmarks."""
    cache: Cache | None = field(default=None, compare=False)

    @property
    def flame(self) -> FlameFace | None:
        """FLAME itself, where the model is one."""
        return flame_of(self.model)

    @cached_property
    def network(self) -> Any:
        """The encoder, ready to encode, on the best device. Raises UserError where its checkpoint does not fit."""
        from ned.encoders.checkpoint import load_encoder
        from ned.encoders.resnet import fused
        from ned.runtime.precision import best_device

        assert self.checkpoint is not None and self.flame is not None
        return fused(load_encoder(self.kind, self.checkpoint, self.flame.model)).to(best_device())

    @cached_property
    def _bridge(self) -> Bridge:
        assert self.flame is not None
        return bridge(self.flame, self.model, self.model.topology)

    def fit(self, tracks: Sequence[FaceTrack], analysis: Analysis, progress: Progress | None = None) -> list[Fitted]:
        """The tracks of one person of a video. Raises UserError for a face that the encoder loses."""
        with (progress or Silent()).stage("fitting", sum(map(len, tracks))) as stage:
            out = []
            for track in tracks:
                out.append(self._fit(track, analysis))
                stage.advance(len(track))
        return out

    def _fit(self, track: FaceTrack, analysis: Analysis) -> Fitted:
        rate = float(analysis.video.frame_rate)
        if self.kind != LANDMARKS:
            return self._encoded(track, analysis)
        if isinstance(self.model, FlameFace):
            flame = self._by_landmarks(track, self.model, analysis)
            return Fitted(flame.face, flame.heads(), flame)
        heads = None
        if self.flame and (self.wants_heads or self.landmarks != SOURCES[0]):
            flame = self._by_landmarks(track, self.flame, analysis)
            heads = flame.heads()
            if self.landmarks != SOURCES[0]:
                return Fitted(self._carried(flame.face), heads, flame)
        return Fitted(fit_face(track, self.model, rate), heads)

    def _by_landmarks(self, track: FaceTrack, face: FlameFace, analysis: Analysis) -> FlameFit:
        rate = float(analysis.video.frame_rate)
        if self.landmarks == SOURCES[0]:
            return fit_flame(track, face, rate)
        return fit_flame68(self._points68(track, analysis), track.frames, face, rate)

    def _points68(self, track: FaceTrack, analysis: Analysis) -> Float[np.ndarray, "frames 68 axes"]:
        """face-alignment's points of a track."""
        frames = frames_at(analysis.video.path, track.frames.tolist(), float(analysis.video.frame_rate))
        return self._landmarker.track((frame.rgb() for frame in frames), track.boxes.astype(np.float64))

    @cached_property
    def _landmarker(self) -> Any:
        from ned.analysis.face_alignment import Landmarker68

        return Landmarker68(depth=self.landmarks.endswith("-3d"))

    def _carried(self, face: FaceFit) -> FaceFit:
        """A fit in `flame50` in the model's own space."""
        if self.model.space == face.expression.space:
            return face
        return FaceFit(face.identity, face.pose, self._bridge.convert(face.expression), face.reprojection_error)

    def _encoded(self, track: FaceTrack, analysis: Analysis) -> Fitted:
        assert self.flame is not None
        crop = self._crop(track, analysis)
        faces = self._known(track, analysis, crop)
        found = encoded_fit(self.kind, faces, crop, track, self.flame)
        return Fitted(self._carried(found.fit.face), found.heads(), found.fit, found)

    def _crop(self, track: FaceTrack, analysis: Analysis) -> Crop:
        if self.landmarks == SOURCES[0] or self.kind == "smirk":  # which is made for MediaPipe's
            return crop_of(self.kind, np.asarray(track.landmarks))
        return deca_crop(self._points68(track, analysis)[..., :2])

    def _known(self, track: FaceTrack, analysis: Analysis, crop: Crop) -> EncodedFaces:
        """What the encoder says of a track, from the cache where it was said before."""
        assert self.checkpoint is not None
        path, entry = analysis.video.path, None
        if self.cache is not None:
            digest = hash_of(crop.corner, crop.side, np.asarray(track.frames))
            weights = sha256_of(self.checkpoint)
            entry = self.cache.entry("encoded", _VERSION, fingerprint(path), self.kind, weights, digest)
            known = load_faces(entry / "faces.npz", len(track))
            if known is not None:
                self.cache.touch(entry)
                return known
        frames = frames_at(path, track.frames.tolist(), float(analysis.video.frame_rate))
        faces = joined(list(encode_frames(self.network, self.kind, (frame.rgb() for frame in frames), crop)))
        if len(faces) != len(track):
            cause = f"gives {len(faces)} of {len(track)} frames again"
            raise UserError(cause, path=path, remedy="is it still being written?")
        if self.cache is not None and entry is not None:
            try:
                self.cache.save(entry, lambda folder: save_faces(folder / "faces.npz", faces))
            except OSError:  # a cache that cannot be written is no reason to stop
                return faces
        return faces


def hash_of(*arrays: np.ndarray) -> str:
    """A digest of arrays."""
    import hashlib

    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def flame_of(model: FaceModel) -> FlameFace | None:
    """FLAME itself, where a model is made of it."""
    if isinstance(model, FlameFace):
        return model
    return model.face if isinstance(model, ArkitFlame) else None


def encoder_file(options: FaceModelOptions, face: FlameFace) -> Path:
    """The encoder's checkpoint, once all is right with it but its content. Raises UserError where there is none, it
    speaks another FLAME, or its licence is not accepted."""
    check_edition(options.fit, face.model.edition)
    path = encoder_path(options)
    for licence in {"spectre": ("spectre", "deca"), "emoca": ("emoca", "deca")}.get(options.fit, (options.fit,)):
        require(licence, options.accept_licence)
    return path


def make_fitter(
    model: FaceModel, options: FaceModelOptions, wants_heads: bool = False, cache: Cache | None = None
) -> Fitter:
    """As the options say. Raises UserError as `encoder_file`, for an encoder without FLAME, and for 68 landmarks that
    the folder does not place."""
    face = flame_of(model)
    if options.fit == LANDMARKS:
        if options.landmarks != SOURCES[0] and face is not None:
            embedding_of(face)
        return Fitter(model, wants_heads=wants_heads, landmarks=options.landmarks, cache=cache)
    if face is None:
        raise UserError(f"{options.fit} gives FLAME's coefficients", remedy="add --face-model flame --flame-folder DIR")
    return Fitter(model, options.fit, encoder_file(options, face), wants_heads, options.landmarks, cache)


def flame_tracks(options: FaceModelOptions) -> Callable[[Analysis], list[PersonExpression]]:
    """What reads people's expressions in `flame50` off a video, for training. Raises UserError as `make_fitter`."""
    fitter = make_fitter(load_model(options, FLAME50.name), options, cache=Cache())

    def tracks_of(analysis: Analysis) -> list[PersonExpression]:
        out = []
        for person in analysis.persons():
            tracks = analysis.tracks_of(person)
            fits = [found.face for found in fitter.fit(tracks, analysis)]
            packed = np.concatenate([fit.expression.pack() for fit in fits])
            error = float(np.concatenate([fit.reprojection_error for fit in fits]).mean())
            frames, boxes = (np.concatenate([getattr(t, name) for t in tracks]) for name in ("frames", "boxes"))
            out.append(PersonExpression(person, frames, boxes, ExpressionTrack.unpack(FLAME50, packed), error))
        return out

    return tracks_of
