"""What an analysis hands to other tools: FLAME's coefficients, an animated mesh, the fit drawn over the video."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from ned.config.edit import FaceModelOptions
from ned.encoders.camera import encode_pose
from ned.encoders.crop import deca_crop, joined_crops
from ned.encoders.encode import joined
from ned.encoders.fit import EncodedFit
from ned.exchange.convert import write_track
from ned.exchange.flame_parameters import write_parameters
from ned.exchange.gltf import write_glb
from ned.face_model.flame.face import USUAL_OPENING_RAD, FlameFace
from ned.face_model.flame.points import IBUG68
from ned.face_model.flame.registration import to_ned
from ned.face_model.flame.skinning import FlameParameters, skin
from ned.face_model.protocol import FaceModel
from ned.face_model.spaces import FLAME50
from ned.fitting.flame import FlameFit
from ned.geometry.pose import project
from ned.pipeline.face_models import load_model
from ned.pipeline.fitters import Fitter
from ned.renderer.overlay import nmfc_colours, overlay_frame
from ned.runtime.progress import Progress
from ned.types import Analysis, ExpressionTrack, FaceFit, FaceTrack, HeadPose
from ned.video import VideoWriter, read_frames


@dataclass(frozen=True)
class PersonFit:
    """One person through the video, fitted."""

    model: FaceModel
    tracks: list[FaceTrack]
    fits: list[FaceFit]
    flame: list[FlameFit] | None = None
    """Where the model is FLAME."""
    encoded: list[EncodedFit] | None = None
    """Where an encoder fitted it."""

    def frames(self) -> Int[np.ndarray, "frames"]:
        """Of all tracks, indices into the video."""
        return np.concatenate([track.frames for track in self.tracks])

    def error(self) -> float:
        """Mean distance of model and landmarks as a share of the distance of the eyes."""
        return float(np.concatenate([fit.reprojection_error for fit in self.fits]).mean())


def model_to_fit(options: FaceModelOptions) -> FaceModel:
    """As `load_model`, but FLAME in its own coefficients. Raises UserError as that."""
    return load_model(options, FLAME50.name)


def fit_person(analysis: Analysis, person: int, fitter: Fitter, progress: Progress | None = None) -> PersonFit:
    """All of a person's tracks, fitted. Raises UserError as the fitter does."""
    tracks = analysis.tracks_of(person)
    found = fitter.fit(tracks, analysis, progress)
    flame = [one.flame for one in found if one.flame is not None]
    encoded = [one.encoded for one in found if one.encoded is not None]
    return PersonFit(fitter.model, tracks, [one.face for one in found], flame or None, encoded or None)


def export(path: Path, fitted: PersonFit, analysis: Analysis) -> None:
    """By the ending of its name: .glb, .npz, or a .csv in the model's own space. Raises UserError as the writers do."""
    ending = path.suffix.lower()
    if ending == ".glb":
        export_glb(path, fitted, analysis)
    elif ending == ".npz":
        export_parameters(path, fitted, analysis)
    else:
        packed = np.concatenate([fit.expression.pack() for fit in fitted.fits])
        track, rate = ExpressionTrack.unpack(fitted.model.space, packed), analysis.video.frame_rate
        frames = fitted.frames()
        # timecodes count frames; a plain table says when they are shown
        times = frames / float(rate) if track.space.name == "arkit52" else analysis.times_s(frames)
        write_track(path, track, times, rate, frames)


def export_parameters(path: Path, fitted: PersonFit, analysis: Analysis) -> None:
    """FLAME's coefficients in DECA's layout, .npz or .csv; see `write_parameters`. An encoder's are as it said them."""
    model, frames = fitted.model, fitted.frames()
    assert isinstance(model, FlameFace) and fitted.flame is not None
    if fitted.encoded is not None:
        crop = joined_crops([found.crop for found in fitted.encoded])
        whole = joined([found.faces for found in fitted.encoded])
        write_parameters(path, whole, frames, analysis.times_s(frames), crop, model.model.edition)
        return
    parts, squares = [], []
    for track, fit in zip(fitted.tracks, fitted.flame, strict=True):
        crop = deca_crop(np.asarray(track.landmarks)[:, list(IBUG68), :2].astype(np.float64))
        found = fit.landmarks
        parts.append(encode_pose(found.pose, found.identity, found.expression, found.jaw_rad, model.model, crop))
        squares.append(crop)
    crop = joined_crops(squares)
    write_parameters(path, joined(parts), frames, analysis.times_s(frames), crop, model.model.edition)


def export_glb(path: Path, fitted: PersonFit, analysis: Analysis) -> None:
    """The person's own neutral mesh with a target for each coefficient, moved as in the video."""
    longest = int(np.argmax([len(track) for track in fitted.tracks]))
    names = fitted.model.space.names
    if fitted.flame is not None:
        model = fitted.model
        assert isinstance(model, FlameFace)
        neutral, triangles, basis = _flame_shapes(model, fitted.flame[longest].parameters())
    else:
        neutral, triangles = fitted.fits[longest].identity, fitted.model.topology.triangles
        basis = fitted.model.basis
    moving = [k for k in range(len(names)) if np.abs(basis[k]).max() > 1e-5]
    frames = fitted.frames()
    weights = np.concatenate([fit.expression.pack() for fit in fitted.fits])[:, moving]
    rotation = np.concatenate([fit.pose.rotation for fit in fitted.fits])
    targets = {names[k]: basis[k] for k in moving}
    write_glb(path, neutral, triangles, targets, weights, analysis.times_s(frames), rotation)


def _flame_shapes(model: FlameFace, parameters: FlameParameters) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A person's neutral mesh, its triangles, and what each coefficient of `flame50` adds at 1."""
    width = model.space.width
    expression = np.zeros((width + 1, width - 1), np.float32)
    expression[2:] = np.eye(width - 1)
    pose = np.zeros((width + 1, 5, 3), np.float32)
    pose[1, 2, 0] = USUAL_OPENING_RAD
    meshes = to_ned(skin(model.model, FlameParameters(parameters.identity, expression, pose)))
    basis = meshes[1:] - meshes[0]
    basis[0] /= np.float32(USUAL_OPENING_RAD)  # the chord: a morph target is a straight line
    return meshes[0], model.mesh_triangles, basis


def overlay_video(
    path: Path,
    fitted: PersonFit,
    analysis: Analysis,
    kind: str,
    progress: Progress,
    start_s: float | None = None,
    end_s: float | None = None,
) -> None:
    """The video with the fitted mesh over it; sound is copied, frames without the face stay as they are."""
    info, meshes = analysis.video, _meshes(fitted)
    full = to_ned(fitted.model.model.template) if isinstance(fitted.model, FlameFace) else fitted.model.mean
    triangles = fitted.model.mesh_triangles if isinstance(fitted.model, FlameFace) else fitted.model.topology.triangles
    colours = nmfc_colours(full)
    waiting = next(meshes, None)
    with (
        progress.stage("overlay", analysis.num_frames) as stage,
        VideoWriter(path, like=info, audio_from=info.path, start_s=start_s, end_s=end_s) as out,
    ):
        for frame in read_frames(info.path, start_s, end_s):
            while waiting is not None and waiting[0] < frame.index:
                waiting = next(meshes, None)
            if waiting is not None and waiting[0] == frame.index:
                frame = overlay_frame(frame, waiting[1], triangles, kind, colours)
            out.write(frame)
            stage.advance()


def _meshes(fitted: PersonFit, chunk: int = 64) -> Iterator[tuple[int, Float[np.ndarray, "v 3"]]]:
    """Frame index and mesh in pixels, one after another in time."""
    for k, (track, fit) in enumerate(zip(fitted.tracks, fitted.fits, strict=True)):
        for start in range(0, len(track), chunk):
            part = slice(start, start + chunk)
            pose = HeadPose(fit.pose.rotation[part], fit.pose.scale[part], fit.pose.translation[part])
            if fitted.flame is not None:
                assert isinstance(fitted.model, FlameFace)
                whole = fitted.flame[k].parameters()
                some = FlameParameters(whole.identity, whole.expression[part], whole.pose[part])
                faces = fitted.model.mesh(some)
            else:
                faces = fit.identity + fitted.model.displacements(fit.expression.pack()[part].astype(np.float32))
            drawn = project(pose, faces).astype(np.float32)
            yield from zip(track.frames[part].tolist(), drawn, strict=True)
