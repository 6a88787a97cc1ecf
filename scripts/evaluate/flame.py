"""How well FLAME is fitted and converted, and how fast, on a synthetic model (`scripts/build/synthetic_flame.py`).

    python scripts/evaluate/flame.py FLAME_FOLDER [CLIP …] [--encoders]

Without clips: skinning and registration, and the fit to landmarks of synthetic people who talk and look around (yaw to
45 degrees, noise of half a pixel, 25 frames a second, a face of 150 px). With clips: the fit to their tracked landmarks
against the embedded model's, and the bridge there and back on their coefficients. `--encoders`: frames a second of
DECA's networks with random weights. Speeds are per second of processor time: with OMP_NUM_THREADS=1, of one core.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from ned.face_model import load_face_model
from ned.face_model.flame.face import FlameFace
from ned.face_model.flame.skinning import FlameParameters, skin
from ned.fitting import fit_face
from ned.fitting.bridge import bridge
from ned.fitting.flame import fit_flame, landmark_weights
from ned.fitting.landmarks import fit_landmarks
from ned.types import ExpressionTrack

PX_PER_CM, NOISE_PX, RATE = 10.2, 0.5, 25.0


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's r; NaN where either does not move."""
    return float(np.corrcoef(a, b)[0, 1]) if min(a.std(), b.std()) > 1e-6 else float("nan")


def skinning(face: FlameFace, frames: int = 2048) -> None:
    rng = np.random.default_rng(0)
    pose = np.zeros((frames, 5, 3), np.float32)
    pose[:, [0, 2], 0] = 0.1 * rng.normal(size=(frames, 2))
    given = FlameParameters(rng.normal(size=100).astype(np.float32),
                            rng.normal(size=(frames, 50)).astype(np.float32), pose)  # fmt: skip
    skin(face.model, given)
    began = time.process_time()
    skin(face.model, given)
    print(f"skinning: {frames / (time.process_time() - began):.0f} meshes/s")


def synthetic_people(face: FlameFace, people: int = 3, frames: int = 250) -> None:
    model = face.articulated
    eyes = face.topology.loops["eye_left"], face.topology.loops["eye_right"]
    for seed in range(people):
        rng = np.random.default_rng(seed)
        identity = 0.7 * rng.normal(size=len(model.identity))
        expression = gaussian_filter1d(rng.normal(size=(frames, 50)), 4, axis=0)
        expression *= 0.8 / expression.std(0)
        opening, jaw = gaussian_filter1d(rng.normal(size=frames), 2.5), np.zeros((frames, 3))
        jaw[:, 0] = np.maximum(0.12 + 0.08 * opening / opening.std(), 0)
        t = np.linspace(0, 2 * np.pi, frames)
        angles = np.stack([45 * np.sin(2 * t), 10 * np.sin(3 * t), 6 * np.sin(t)], 1)
        turns = Rotation.from_euler("YXZ", angles, degrees=True).as_matrix()
        own = model.shaped(identity)
        image = 128 + PX_PER_CM * np.einsum("fij,fpj->fpi", turns, own.positions(expression, jaw))
        image += rng.normal(size=image.shape) * [NOISE_PX, NOISE_PX, 4 * NOISE_PX]
        began = time.process_time()
        fit = fit_landmarks(image, np.arange(frames), model, RATE, eyes, (landmark_weights(face) > 0).astype(float))
        speed = frames / (time.process_time() - began)
        found = model.shaped(fit.identity)
        gap = own.positions(expression, jaw) - own.rest - found.positions(fit.expression, fit.jaw_rad) + found.rest
        moved = own.positions(expression, jaw) - own.rest
        print(f"person {seed}: jaw r {correlation(jaw[:, 0], fit.jaw_rad[:, 0]):.4f}, displacement error "
              f"{10 * np.linalg.norm(gap[:, :468], axis=-1).mean():.2f} mm of "
              f"{10 * np.linalg.norm(moved[:, :468], axis=-1).mean():.2f}, reprojection {fit.error_px.mean():.2f} px, "
              f"{speed:.0f} frames/s", flush=True)  # fmt: skip


def clip(path: Path, face: FlameFace) -> list[float]:
    from ned.analysis.cached import analyse_cached
    from ned.runtime.progress import Silent
    from ned.workspace import Cache

    analysis = analyse_cached(path, Silent(), cache=Cache())
    track, canonical = max(analysis.tracks, key=len), load_face_model("canonical")
    rate = float(analysis.video.frame_rate)
    embedded = fit_face(track, canonical, rate)
    began = time.process_time()
    fit = fit_flame(track, face, rate)
    speed = len(track) / (time.process_time() - began)
    upper, lower = canonical.topology.regions.inner_lips
    points = face.person(fit.landmarks.identity).positions(fit.landmarks.expression, fit.landmarks.jaw_rad)
    mouth = np.linalg.norm(points[:, upper] - points[:, lower], axis=1)
    seen = np.linalg.norm(track.landmarks[:, upper, :2] - track.landmarks[:, lower, :2], axis=1) / fit.face.pose.scale
    there, back = (bridge(a, b, canonical.topology) for a, b in ((canonical, face), (face, canonical)))
    over = there.convert(embedded.expression)
    again = back.convert(over)
    still = [k for k, n in enumerate(canonical.space.names) if n.startswith("eyeLook")]
    packed = embedded.expression.pack().copy()
    packed[:, still] = 0.0
    wanted, got = (canonical.displacements(c)[:, :468] for c in (packed, again.pack().astype(np.float32)))
    lost = np.linalg.norm(wanted - got, axis=-1).mean() / np.linalg.norm(wanted, axis=-1).mean()
    values = [100 * fit.face.reprojection_error.mean(), 100 * embedded.reprojection_error.mean(),
              correlation(embedded.expression.jaw_opening, fit.face.expression.jaw_opening),
              correlation(mouth, seen), speed,
              100 * there.error(ExpressionTrack.unpack(canonical.space, packed), over), 100 * lost]  # fmt: skip
    print(f"{path.stem:22s}" + "".join(f"{v:10.3f}" for v in values), flush=True)
    return values


def encoders() -> None:
    import torch

    from ned.encoders.deca import Deca
    from ned.encoders.resnet import fused

    network = fused(Deca().eval())
    for batch in (1, 4, 16):
        images = torch.rand(batch, 3, 224, 224).contiguous(memory_format=torch.channels_last)
        for detail in (False, True):
            network.encode(images, detail)
            began, done = time.process_time(), 0
            while time.process_time() - began < 4:
                network.encode(images, detail)
                done += batch
            speed = done / (time.process_time() - began)
            print(f"DECA, batch {batch}{', detail' if detail else ''}: {speed:.1f} frames/s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("clips", type=Path, nargs="*")
    parser.add_argument("--encoders", action="store_true")
    arguments = parser.parse_args()
    face = FlameFace.load(arguments.folder)
    if arguments.encoders:
        encoders()
        return
    if not arguments.clips:
        skinning(face)
        synthetic_people(face)
        return
    titles = ("error %", "embedded", "jaw r", "mouth r", "frames/s", "over %", "there&back")
    print(" " * 22 + "".join(f"{title:>10s}" for title in titles))
    rows = np.array([clip(path, face) for path in arguments.clips])
    print(f"{'median':22s}" + "".join(f"{v:10.3f}" for v in np.nanmedian(rows, 0)))


if __name__ == "__main__":
    main()
