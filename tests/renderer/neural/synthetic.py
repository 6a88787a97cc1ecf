"""CropSequence of invented people: a painted face, bent by the face model to known expressions."""

from functools import lru_cache

import cv2
import numpy as np

from ned.face_model import load_face_model
from ned.renderer.neural.crops import FACE_SHARE, TOP_SHARE
from ned.renderer.neural.memory import warp_views
from ned.renderer.neural.training.crop_sequences import CropSequence


@lru_cache(maxsize=8)
def painted(size, seed):
    """A smooth image of random colours, with a dark line where the lips meet."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(60, 220, (6, 6, 3)).astype(np.float32)
    image = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    image += cv2.resize(rng.normal(0, 12, (size // 4, size // 4, 3)).astype(np.float32), (size, size))
    face = faces_of(np.zeros((1, load_face_model().space.width), np.float32), size)[0]
    cv2.ellipse(image, tuple(int(v) for v in face[[13, 14], :2].mean(0)), (size // 12, size // 40), 0, 0, 360,
                (90, 40, 40), -1)  # fmt: skip
    return np.clip(image, 0, 255).astype(np.uint8)


def faces_of(coefficients, size, turn=0.0):
    """The mean face with these expressions in a crop's pixels."""
    model = load_face_model()
    scale = FACE_SHARE * size / (model.mean[152, 1] - model.mean[10, 1])
    faces = scale * (model.mean + model.displacements(coefficients))
    faces[..., 0] += 0.5 * size + turn
    faces[..., 1] += TOP_SHARE * size - scale * model.mean[10, 1]
    return faces.astype(np.float32)


def footage(person="ann", frames=40, size=64, seed=0, rate=25.0, people=1):
    """Somebody who talks, smiles and blinks."""
    model, rng = load_face_model(), np.random.default_rng([seed, 5])
    time = np.arange(frames) / rate
    coefficients = np.zeros((frames, model.space.width), np.float32)
    for name, rhythm, amount in (("jawOpen", 2.3, 0.35), ("mouthSmileLeft", 0.7, 0.5), ("mouthSmileRight", 0.7, 0.5),
                                 ("eyeBlinkLeft", 0.9, 0.7), ("eyeBlinkRight", 0.9, 0.7)):  # fmt: skip
        phase = rng.uniform(0, 6)
        coefficients[:, model.space.index(name)] = amount * np.clip(np.sin(6.28 * rhythm * time + phase), 0, 1)
    rest = faces_of(np.zeros((1, model.space.width), np.float32), size)[0]
    faces = faces_of(coefficients, size)
    image = painted(size, seed)
    shown = [warp_views([[(image, rest, 1.0)]], face)[0][0] for face in faces]
    frames_rgb = np.stack([(255 * image + 0.5).astype(np.uint8) for image in shown])
    runs = np.zeros(frames, np.int64)
    return CropSequence(person, f"{person}.mp4", frames_rgb, faces, coefficients, runs, rate, people)
