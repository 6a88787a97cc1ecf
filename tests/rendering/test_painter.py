"""The painter of one track: what the renderer hears before each frame."""

import numpy as np

from ned.edit.track_edit import TrackEdit
from ned.face_model import load_face_model
from ned.renderer import build_renderer
from ned.rendering.painter import AHEAD, Painter
from ned.types import ExpressionTrack, FaceFit, FaceTrack, HeadPose, Shot
from tests.video.tiny_clips import frame_of

MODEL = load_face_model()


def _edit(count, side):
    """A face in the middle of a square image that is made to smile, but for one frame."""
    scale = 0.3 * side / float(np.ptp(MODEL.mean[:, 1]))
    face = (scale * MODEL.mean + (0.5 * side, 0.5 * side, 0.0)).astype(np.float32)
    before = np.zeros((count, MODEL.space.width), np.float32)
    after = before.copy()
    after[:, MODEL.space.index("mouthSmileLeft")] = 0.5
    after[2] = 0.0
    pose = HeadPose(np.tile(np.eye(3), (count, 1, 1)), np.full(count, scale), np.zeros((count, 2)))
    boxes = np.tile(np.array([0.2, 0.2, 0.8, 0.8], np.float32) * side, (count, 1))
    track = FaceTrack(1, Shot(0, count), np.arange(count), boxes, np.tile(face, (count, 1, 1)))
    tracks = [ExpressionTrack.unpack(MODEL.space, values) for values in (before, after)]
    return TrackEdit(track, FaceFit(MODEL.mean, pose, tracks[0], np.zeros(count)), tracks[1], MODEL, np.ones(count))


class Listener:
    """A warp renderer that writes down what it hears."""

    def __init__(self):
        self._warp, self.heard, self.rendered, self.asked = build_renderer(MODEL), [], [], []
        self.region, self.wants_mouth = self._warp.region, self._warp.wants_mouth
        self.take_mouth, self.detect_glasses = self._warp.take_mouth, self._warp.detect_glasses

    def prefetch_edits(self, coming):
        self.heard.append(list(coming))

    def render(self, image, edit):
        return self.submit(image, edit)()

    def submit(self, image, edit):
        self.rendered.append(edit)
        difference = self._warp.render(image, edit)

        def painted():
            self.asked.append(edit)
            return difference

        return painted


def test_the_renderer_hears_of_each_edit_before_it_comes():
    edit, listener = _edit(6, 200), Listener()
    painter = Painter(edit, listener)
    changed = np.flatnonzero(edit.changed())
    assert changed.tolist() == [0, 1, 3, 4, 5]
    for i in changed:
        painter.paint(frame_of("yuv420p", 200, 200), int(i))
    painter.close()
    for k, (heard, rendered) in enumerate(zip(listener.heard, listener.rendered, strict=True)):
        assert heard[0] is rendered and len(heard) == min(AHEAD, len(changed) - k)
        if k:
            assert listener.heard[k - 1][1] is rendered  # the very object, by which it is known again


def test_a_face_outside_the_image_is_left_alone():
    edit, listener = _edit(3, 200), Listener()
    edit.track.landmarks[:] += np.float32(1000.0)
    frame = frame_of("yuv420p", 200, 200)
    assert Painter(edit, listener).paint(frame, 0) is frame and not listener.rendered


def test_frames_may_be_started_before_the_last_is_done():
    edit, frame = _edit(6, 200), frame_of("yuv420p", 200, 200)
    one_by_one, ahead = Painter(edit, Listener()), Painter(edit, listener := Listener())
    expected = [one_by_one.paint(frame, i).planes for i in (0, 1, 3)]
    started = [ahead.submit(frame, i) for i in (0, 1, 3)]
    assert len(listener.rendered) == 3 and not listener.asked
    for painted, planes in zip(started, expected, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(painted.onto(frame).planes, planes, strict=True))
    assert listener.asked == listener.rendered
