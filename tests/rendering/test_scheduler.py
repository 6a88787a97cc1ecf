"""Several faces in one frame."""

import threading

import numpy as np
import pytest

from ned.rendering.painter import Painter
from ned.rendering.scheduler import PaintScheduler
from tests.rendering.test_painter import Listener, _edit
from tests.video.tiny_clips import frame_of


def _moved(edit, x):
    edit.track.landmarks[:] += np.array([x, 0, 0], np.float32)
    edit.track.boxes[:] += np.array([x, 0, x, 0], np.float32)
    return edit


def _scheduled(edits, listeners, frame):
    made = iter(listeners)
    work = [(edit, edit.changed()) for edit in edits]
    return PaintScheduler(work, lambda edit: next(made), None, 0, 6).submit(frame)


@pytest.mark.parametrize("apart", [220, 40])
def test_two_faces_come_out_as_if_one_was_painted_onto_the_other(apart):
    """Apart, or over each other."""
    frame = frame_of("yuv420p", 200, 440)
    edits = [_edit(6, 200), _moved(_edit(6, 200), apart)]
    expected = frame
    for edit in edits:
        expected = Painter(edit, Listener()).paint(expected, 0)
    made = _scheduled(edits, [Listener(), Listener()], frame)()
    assert all(np.array_equal(a, b) for a, b in zip(made.planes, expected.planes, strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(made.planes, frame.planes, strict=True))


@pytest.mark.parametrize(("apart", "waits"), [(220, False), (40, True)])
def test_a_second_face_waits_only_for_one_that_it_touches(apart, waits):
    frame, asked = frame_of("yuv420p", 200, 440), threading.Event()

    class Slow(Listener):
        def submit(self, image, edit):
            done = super().submit(image, edit)
            return lambda: (asked.set(), done())[1]

    second = Listener()
    painted = _scheduled([_edit(6, 200), _moved(_edit(6, 200), apart)], [Slow(), second], frame)
    assert len(second.rendered) == 1 and asked.is_set() == waits
    painted()
    assert asked.is_set()
