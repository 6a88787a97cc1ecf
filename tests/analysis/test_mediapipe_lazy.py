"""MediaPipe a module at a time: what is not imported, and that it is all there for who wants it."""

import subprocess
import sys
import textwrap

LANDMARKS = """
    import sys
    import numpy as np
    from ned.analysis.mediapipe_graphs import LandmarkNet
    LandmarkNet()(np.zeros((192, 192, 3), np.uint8))
    heavy = {"matplotlib", "jax", "jaxlib", "sounddevice", "sentencepiece", "absl", "flatbuffers", "torch"}
    print(sorted(heavy & set(sys.modules)))
"""
WHOLE = """
    from ned.analysis.mediapipe_lazy import import_lazily
    import_lazily()
    from mediapipe.python.solutions import face_mesh
    import mediapipe
    from mediapipe.tasks.python import BaseOptions
    assert mediapipe.solutions.face_mesh is face_mesh and mediapipe.tasks.BaseOptions is BaseOptions
    assert mediapipe.Image and mediapipe.__version__ and mediapipe.solutions.drawing_utils
    try:
        mediapipe.no_such_thing
    except AttributeError as error:
        print(error)
"""


def _run(code):
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_landmarks_bring_nothing_that_they_do_not_use():
    assert _run(LANDMARKS) == "[]"


def test_who_wants_more_gets_all_of_mediapipe():
    import importlib.util

    import pytest

    if importlib.util.find_spec("matplotlib") is None:
        pytest.skip("mediapipe was installed without what it asks for, so it cannot be imported whole")
    assert _run(WHOLE) == "module 'mediapipe' has no attribute 'no_such_thing'"
