import ned.video.stills
from ned.video import Stills, frames_at
from tests.video.tiny_clips import decode, make_clip, planes_of


def test_frames_are_read_in_one_go_and_the_last_remembered(tmp_path, monkeypatch):
    path = make_clip(tmp_path / "a.mp4", options={"g": "5", "bf": "2"})
    truth, asked = decode(path), []
    counted = lambda path, indices, rate: asked.append(indices) or frames_at(path, indices, rate)  # noqa: E731
    monkeypatch.setattr(ned.video.stills, "frames_at", counted)
    stills = Stills(path, 25.0, keep=3)
    wanted = [9, 1, 3, 11, 3]
    found = stills.together(wanted)
    assert [frame.index for frame in found] == wanted and asked == [[1, 3, 9, 11]]
    for frame, k in zip(found, wanted, strict=True):
        assert all((a == b).all() for a, b in zip(frame.planes, planes_of(truth[k]), strict=True))
    assert stills(9) is found[0] and stills(11) is found[3] and stills(3) is found[2]
    assert asked[1:] == [[], [], []]
    assert stills(1).index == 1 and asked[-1] == [1]  # forgotten: only three are kept
    found = stills.together([2, 12])
    assert found[0].index == 2 and found[1] is None
