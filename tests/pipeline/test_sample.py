"""The sample clip as ground truth: what the analysis reads from the pixels is what was put in."""

import av
import numpy as np
import pytest

from ned.analysis import analyse
from ned.face_model import load_face_model
from ned.fitting.least_squares import fit_face


@pytest.fixture(scope="module")
def seen(sample):
    analysis = analyse(sample.path)
    (track,) = analysis.tracks
    return track, fit_face(track, load_face_model(), 25.0).expression


def test_every_frame_shows_the_face(sample, seen):
    track, _ = seen
    assert len(track) == len(sample.expression) == 100


@pytest.mark.parametrize("name", ["jawOpen", "mouthSmileLeft", "browInnerUp", "eyeBlinkLeft", "eyeBlinkRight"])
def test_coefficients_are_recovered_from_the_pixels(sample, seen, name):
    _, expression = seen
    assert np.corrcoef(sample.expression[name], expression[name])[0, 1] >= 0.90


def test_the_voice_follows_the_mouth(sample):
    per_frame = np.abs(sample.voice).reshape(len(sample.expression), -1).mean(1)
    assert np.corrcoef(per_frame, sample.expression["jawOpen"])[0, 1] > 0.8
    with av.open(str(sample.path)) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
        assert sum(1 for _ in container.decode(audio=0)) > 100
