"""How well the face model fits real clips, and how its coefficients agree with MediaPipe's predictor.

    python scripts/evaluate/fit.py CLIPS_FOLDER PREDICTOR.task [--cache FOLDER]

Per clip: mean reprojection error in % of the inter-ocular distance, fitting speed, and the Pearson
correlation over time (every second frame) of five coefficients with MediaPipe's ARKit predictor. Where
the predictor hardly moves (standard deviation below 0.05) its noise is compared; the last rows leave
those clips out.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from ned.face_model import load_face_model
from ned.fitting.least_squares import fit_face
from ned.types import FaceTrack, Shot

COMPARED = {
    "jawOpen": ("jawOpen",),
    "mouthSmile": ("mouthSmileLeft", "mouthSmileRight"),
    "browInnerUp": ("browInnerUp",),
    "browDown": ("browDownLeft", "browDownRight"),
    "eyeBlink": ("eyeBlinkLeft", "eyeBlinkRight"),
}


def observe(clip: Path, predictor: Path) -> dict[str, np.ndarray]:
    """Landmarks of every frame and the predictor's coefficients of every second one."""
    import av
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(predictor)), output_face_blendshapes=True, num_faces=1
    )
    out: dict[str, list] = {"frames": [], "landmarks": [], "bframes": [], "blend": [], "names": []}
    mesh = mp.solutions.face_mesh.FaceMesh(refine_landmarks=True, static_image_mode=False, max_num_faces=1)
    with vision.FaceLandmarker.create_from_options(options) as net, mesh, av.open(str(clip)) as container:
        rate = float(container.streams.video[0].average_rate)
        for i, frame in enumerate(container.decode(video=0)):
            image = np.ascontiguousarray(frame.to_ndarray(format="rgb24"))
            height, width = image.shape[:2]
            found = mesh.process(image).multi_face_landmarks
            if found:
                out["frames"].append(i)
                out["landmarks"].append([[p.x * width, p.y * height, p.z * width] for p in found[0].landmark])
            if i % 2 == 0:
                shapes = net.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=image)).face_blendshapes
                if shapes:
                    out["bframes"].append(i)
                    out["names"] = [c.category_name for c in shapes[0]]
                    out["blend"].append([c.score for c in shapes[0]])
    return {key: np.array(value) for key, value in out.items()} | {"rate": np.array(rate)}


def cached(clip: Path, predictor: Path, cache: Path | None) -> dict[str, np.ndarray]:
    """`observe`, kept in `cache` between calls."""
    path = cache / f"{clip.stem}.npz" if cache else None
    if path and path.exists():
        with np.load(path, allow_pickle=False) as data:
            return dict(data)
    seen = observe(clip, predictor)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **seen)
    return seen


MOVES = 0.05
"""Standard deviation over time from which on the predictor's coefficient counts as moving."""


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's r; NaN where either does not move."""
    if a.std() < 1e-6 or b.std() < 1e-6:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def evaluate(seen: dict[str, np.ndarray]) -> tuple[dict[str, float], list[bool]]:
    """The figures of one clip, and which of the compared coefficients move in it at all."""
    model = load_face_model("canonical")
    landmarks = seen["landmarks"].astype(np.float32)
    frames = seen["frames"].astype(np.int64)
    boxes = np.concatenate([landmarks[..., :2].min(1), landmarks[..., :2].max(1)], axis=1)
    track = FaceTrack(0, Shot(0, int(frames[-1]) + 1), frames, boxes, landmarks)
    started = time.perf_counter()
    fit = fit_face(track, model, float(seen["rate"]))
    speed = len(track) / (time.perf_counter() - started)
    row_of = {int(f): i for i, f in enumerate(frames)}
    pairs = [(row_of[int(f)], j) for j, f in enumerate(seen["bframes"]) if int(f) in row_of]
    ours, theirs = (np.array(rows) for rows in zip(*pairs, strict=True))
    names = seen["names"].tolist()
    out = {"error_%": 100 * float(fit.reprojection_error.mean()), "fps": speed}
    moving = []
    for key, members in COMPARED.items():
        mine = np.mean([fit.expression[m][ours] for m in members], axis=0)
        other = np.mean([seen["blend"][theirs, names.index(m)] for m in members], axis=0)
        out[key] = correlation(mine, other)
        moving.append(bool(other.std() > MOVES))
    return out, moving


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("predictor", type=Path)
    parser.add_argument("--cache", type=Path)
    arguments = parser.parse_args()
    rows, moving = {}, []
    for clip in sorted(arguments.clips.glob("*.mp4")):
        rows[clip.stem], moves = evaluate(cached(clip, arguments.predictor, arguments.cache))
        moving.append(moves)
        if len(rows) == 1:
            print(f"{'clip':22s}" + "".join(f"{key:>12s}" for key in rows[clip.stem]))
        print(f"{clip.stem:22s}" + "".join(f"{value:12.2f}" for value in rows[clip.stem].values()), flush=True)
    table = np.array([list(row.values()) for row in rows.values()])
    print(f"{'median':22s}" + "".join(f"{value:12.3f}" for value in np.nanmedian(table, axis=0)))
    where = [np.nanmedian(column[use]) for column, use in zip(table[:, 2:].T, np.array(moving).T, strict=True)]
    print(f"{'median where it moves':46s}" + "".join(f"{value:12.3f}" for value in where))
    print(f"{'clips where it moves':46s}" + "".join(f"{count:12d}" for count in np.sum(moving, axis=0)))


if __name__ == "__main__":
    main()
