"""A talking clip without any download: a public-domain portrait, moved by our own face model.

The portrait is scikit-image's `astronaut` (NASA, public domain). Jaw, lips, brows, lids and head move by
known coefficients, in time with a simple synthetic voice. The clip is what `make demo` edits where no
video is named, and ground truth for tests.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from scipy.ndimage import gaussian_filter1d

from ned.geometry.landmarks import NUM_SURFACE
from ned.types import Colour, ExpressionSpace, ExpressionTrack, FaceFit, FaceTrack, Shot, VideoInfo

FRAME_RATE = Fraction(25)
SAMPLE_RATE = 48000
_CROP = (70, 0, 390, 320)  # head and shoulders in the portrait, x0 y0 x1 y1
_SCALE = 2
_FACE = (222, 112, 150)  # centre and side of a square around the face, in the portrait


_SMILE = 0.6  # of the portrait, by eye
_COLOUR = Colour("bt709", "bt709", "bt709", "tv")


@dataclass(frozen=True)
class SampleTruth:
    """What was put into the sample clip."""

    path: Path
    expression: ExpressionTrack
    voice: Float[np.ndarray, "samples"]


def speech_openness(frames: int, frame_rate: float, rng: np.random.Generator) -> Float[np.ndarray, "frames"]:
    """Mouth opening in [0, 1] of invented speech: syllables of 0.15–0.3 s, lip closures, pauses."""
    time, out = 0.0, np.zeros(frames)
    centres = np.arange(frames) / frame_rate
    while time < frames / frame_rate:
        if rng.random() < 0.12:
            time += rng.uniform(0.3, 0.6)
            continue
        length, height = rng.uniform(0.15, 0.30), rng.uniform(0.45, 1.0)
        inside = np.clip((centres - time) / length, 0.0, 1.0)
        out = np.maximum(out, height * np.sin(np.pi * inside))
        time += length * rng.choice([0.75, 1.0], p=[0.6, 0.4])
    return gaussian_filter1d(out, 0.6)


def sample_expression(space: ExpressionSpace, frames: int, frame_rate: float, seed: int = 7):
    """The change of every coefficient over time, "frames width", and the mouth's openness in [0, 1]."""
    rng = np.random.default_rng(seed)
    openness = speech_openness(frames, frame_rate, rng)
    change = np.zeros((frames, space.width))

    def slow(sigma_s: float) -> np.ndarray:
        noise = gaussian_filter1d(rng.standard_normal(frames + 400), sigma_s * frame_rate)[200:-200]
        return np.clip(0.5 + noise / (3 * noise.std()), 0.0, 1.0)

    change[:, space.index("jawOpen")] = 0.34 * openness
    smile, brow = slow(0.7), slow(0.45)
    blink = np.zeros(frames)
    at = 0.8
    while at < frames / frame_rate:
        blink = np.maximum(blink, np.exp(-0.5 * ((np.arange(frames) / frame_rate - at) / 0.055) ** 2))
        at += rng.uniform(1.2, 2.4)
    for side in ("Left", "Right"):
        change[:, space.index("mouthSmile" + side)] = -0.6 + 0.6 * smile
        change[:, space.index("eyeBlink" + side)] = 0.95 * blink
        change[:, space.index("browOuterUp" + side)] = 0.5 * brow
    change[:, space.index("browInnerUp")] = 1.0 * brow
    return change, openness


def synthetic_voice(
    openness: Float[np.ndarray, "frames"], frame_rate: float, rng: np.random.Generator
) -> Float[np.ndarray, "samples"]:
    """A glottal pulse train through two formants that follow the mouth, in [−1, 1], 48 kHz mono."""
    count = int(len(openness) / frame_rate * SAMPLE_RATE)
    at = np.arange(count) / SAMPLE_RATE
    level = np.interp(at, np.arange(len(openness)) / frame_rate, openness)
    pitch = 190.0 * (1 + 0.05 * np.sin(2 * np.pi * 0.9 * at) + 0.01 * np.sin(2 * np.pi * 5.3 * at))
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    first, second = 320 + 480 * level, 1900 - 700 * level
    out = np.zeros(count)
    for harmonic in range(1, 21):
        frequency = harmonic * pitch
        weight = np.exp(-0.5 * ((frequency - first) / 130) ** 2) + 0.4 * np.exp(
            -0.5 * ((frequency - second) / 200) ** 2
        )
        out += (weight + 0.02) / harmonic**0.3 * np.sin(harmonic * phase)
    out = out * level + 0.01 * level * rng.standard_normal(count)
    return 0.5 * out / max(np.abs(out).max(), 1e-9)


def _write_sound(path: Path, voice: Float[np.ndarray, "samples"]) -> None:
    """Mono AAC."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
        samples = np.clip(voice, -1, 1).astype(np.float32)[None]
        for start in range(0, samples.shape[1], 1024):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(samples[:, start : start + 1024]), format="fltp", layout="mono"
            )
            frame.sample_rate, frame.pts = SAMPLE_RATE, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _portrait() -> tuple[UInt8[np.ndarray, "h w 3"], FaceTrack, FaceFit]:
    """The portrait, enlarged, with its landmarks and the face model fitted to it."""
    import cv2
    from skimage.data import astronaut

    from ned.analysis.landmarks import Landmarker, Roi
    from ned.face_model import load_face_model
    from ned.fitting.least_squares import fit_face

    x0, y0, x1, y1 = _CROP
    image = cv2.resize(astronaut()[y0:y1, x0:x1], None, fx=_SCALE, fy=_SCALE, interpolation=cv2.INTER_CUBIC)
    centre, side = (np.array(_FACE[:2]) - (x0, y0)) * _SCALE, _FACE[2] * _SCALE
    landmarks, _ = Landmarker()(image, Roi(float(centre[0]), float(centre[1]), float(side)))
    box = np.concatenate([landmarks[:NUM_SURFACE, :2].min(0), landmarks[:NUM_SURFACE, :2].max(0)])
    track = FaceTrack(1, Shot(0, 1), np.zeros(1, np.int64), box[None].astype(np.float32), landmarks[None])
    return image, track, fit_face(track, load_face_model(), float(FRAME_RATE))


def _sway(image: Float[np.ndarray, "h w 3"], time_s: float) -> Float[np.ndarray, "h w 3"]:
    """The image as a hand-held camera sees it: a little turned, shifted and zoomed."""
    import cv2

    height, width = image.shape[:2]
    angle = 1.6 * np.sin(2 * np.pi * 0.23 * time_s)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.03 + 0.01 * np.sin(2 * np.pi * 0.11 * time_s))
    turn[:, 2] += 5 * np.sin(2 * np.pi * np.array([0.17, 0.29]) * time_s)
    return cv2.warpAffine(image, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def make_sample(path: Path, seconds: float = 8.0, seed: int = 7) -> SampleTruth:
    """Writes the sample clip, 640×640 at 25 frames a second, H.264 with AAC sound, and says what is in it.

    The truth's coefficients are the portrait's, fitted, plus the known change.
    Raises UserError where `path` cannot be written to.
    """
    import av
    from av.video.reformatter import ColorRange, Colorspace

    from ned.edit.track_edit import TrackEdit
    from ned.face_model import load_face_model
    from ned.renderer.warp.renderer import make_renderer
    from ned.video import Frame, VideoWriter
    from ned.video.colour import encoding_of

    model = load_face_model()
    image, track, fit = _portrait()
    frames = int(round(seconds * float(FRAME_RATE)))
    change, openness = sample_expression(model.space, frames, float(FRAME_RATE), seed)
    voice = synthetic_voice(openness, float(FRAME_RATE), np.random.default_rng(seed))
    still = fit.expression.pack()[0].copy()
    for side in ("Left", "Right"):  # one image cannot tell a smile from a smiling face; this one smiles
        still[model.space.index("mouthSmile" + side)] = _SMILE
    fit = replace(fit, expression=ExpressionTrack.unpack(model.space, still[None]))
    wanted = np.clip(still + change, 0.0, 1.0).astype(np.float32)
    renderer = make_renderer(model)
    region = image.astype(np.float32) / 255.0
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "voice.m4a"
        _write_sound(sound, voice)
        with VideoWriter(path, like=_info(image.shape[:2], seconds), quality=16, audio_from=sound) as out:
            for i in range(frames):
                edited = ExpressionTrack.unpack(model.space, wanted[i : i + 1])
                edit = TrackEdit(track, fit, edited, model, np.ones(1)).face_edit(0)
                moved = np.clip(region + renderer.render(region, edit), 0.0, 1.0)
                upright = _sway(moved, i / float(FRAME_RATE))
                bytes_ = (np.clip(upright, 0, 1) * 255).round().astype(np.uint8)
                raw = av.VideoFrame.from_ndarray(bytes_, format="rgb24")
                coded = raw.reformat(
                    format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
                )
                out.write(Frame(coded, i, i, 0, encoding_of(_COLOUR, *upright.shape[:2])))
    return SampleTruth(path, ExpressionTrack.unpack(model.space, wanted), voice)


def _info(size: tuple[int, int], seconds: float) -> VideoInfo:
    """What the writer needs to know of a video that comes from no file."""
    height, width = size
    return VideoInfo(
        Path("astronaut"), "mp4", "h264", "yuv420p", 8, height, width, FRAME_RATE, 1 / FRAME_RATE,
        round(seconds * FRAME_RATE), seconds, 0, Fraction(1), _COLOUR, (),
    )  # fmt: skip
