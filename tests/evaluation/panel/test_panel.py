"""A panel from the list to the score, with viewers whose truth is known."""

import csv
import json
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from ned.cli import main
from ned.emotions import EMOTIONS
from ned.errors import UserError
from ned.evaluation.panel.images import save_strip
from ned.evaluation.panel.items import Item, read_items, share_out
from ned.evaluation.panel.scoring import Answer, as_text, read_answers, score_answers
from tests.evaluation.faces import write_clip


@pytest.fixture(scope="module")
def listed(original, talk, tmp_path_factory):
    """A list of six clips: two untouched, four edited (here: darkened)."""
    folder = tmp_path_factory.mktemp("panel")
    dark = write_clip(folder / "dark.mp4", [(f * 0.6).astype(np.uint8) for f in talk])
    rows = [("real", "happy", original, "")] * 2 + [("warp", "sad", dark, original)] * 4
    path = folder / "list.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("kind", "emotion", "shown", "original"), *rows])
    return path


def answer(panel, viewer, realism_of):
    """Viewer `viewer` sees what really is there: the brightness of the strip."""
    folder = panel / f"viewer{viewer}"
    lines = ["number,realism,emotion,remark"]
    for path in sorted(folder.glob("*.jpg")):
        bright = float(np.asarray(Image.open(path)).mean())
        lines.append(f'{int(path.stem)},{realism_of(bright)},happy,"dark, somehow"')
    (folder / "answers.csv").write_text("\n".join(lines), encoding="utf-8")


def test_a_panel_is_blind_and_scores_what_its_viewers_said(listed, tmp_path, capsys):
    panel = tmp_path / "panel"
    assert main(["evaluate", "panel", "make", str(listed), "--out", str(panel), "--viewers", "3", "--quiet"]) == 0
    key = json.loads((panel / "key.json").read_text())
    assert sorted(i for share in key["shares"] for i in share) == sorted([*range(6)] * 2)
    for viewer in (1, 2, 3):
        folder = panel / f"viewer{viewer}"
        names = {p.name for p in folder.iterdir()}
        assert names == {f"{n:03d}.jpg" for n in range(1, 5)} | {"answer.html", "brief.txt"}
        told = (folder / "answer.html").read_text() + (folder / "brief.txt").read_text()
        assert "warp" not in told and "dark" not in told and str(listed.parent) not in told and "004.jpg" in told
        with Image.open(folder / "001.jpg") as strip:
            assert strip.size == (1024, 512) and not strip.getexif()
        answer(panel, viewer, lambda bright: 5 if bright > 90 else 2)
    capsys.readouterr()
    assert main(["evaluate", "panel", "score", str(panel), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    scores = {(s["kind"], s["emotion"]): s for s in found["scores"]}
    assert scores["real", None]["realism"]["value"] == 1 and scores["warp", None]["realism"]["value"] == 0
    assert scores["real", "happy"]["recognised"]["value"] == 1 and scores["warp", "sad"]["recognised"]["value"] == 0
    assert scores["warp", None]["answers"] == 8 and scores["warp", None]["items"] == 4
    assert found["realism_alpha"] == 1 and found["realism_difference"] == 0 and found["emotion_alpha"] is None
    assert main(["evaluate", "panel", "score", str(panel)]) == 0
    assert "warp sad 2: dark, somehow" in capsys.readouterr().out
    assert main(["evaluate", "panel", "make", str(listed), "--out", str(panel)]) == 2
    assert "exists already" in capsys.readouterr().err


def test_clips_are_alike_but_for_their_images(listed, tmp_path):
    panel = tmp_path / "clips"
    command = ["evaluate", "panel", "make", str(listed), "--out", str(panel), "--viewers", "2", "--clips", "--quiet"]
    assert main(command) == 0
    looks = set()
    for path in sorted((panel / "viewer1").glob("*.mp4")):
        with av.open(str(path)) as clip:
            stream = clip.streams.video[0]
            frames = sum(1 for _ in clip.decode(video=0))
            looks.add((stream.width, stream.height, stream.average_rate, frames, len(clip.streams)))
    assert looks == {(256, 256, 25, 30, 1)}


def test_what_a_panel_cannot_be_made_of(original, talk, tmp_path, capsys):
    blank = write_clip(tmp_path / "blank.mp4", [np.full_like(talk[0], 90)] * 8)
    path = tmp_path / "list.csv"
    for text, said in (
        ("kind,shown\n", "lacks the columns emotion"),
        ("kind,emotion,shown\n", "names no clip"),
        (f"kind,emotion,shown\nreal,joy,{original}\n", "row 2 has the emotion 'joy'"),
        (f"kind,emotion,shown,start\nreal,sad,{original},2\n", "row 2 starts at '2'"),
        (f"kind,emotion,shown\n,sad,{original}\n", "row 2 lacks kind or shown"),
        ("kind,emotion,shown\nreal,sad,no.mp4\n", "no such video"),
        (f"kind,emotion,shown,original\nwarp,sad,{blank},{original}\n", "only 0 of 1 clips are untouched"),
        (f"kind,emotion,shown\nreal,sad,{blank}\n", "blank.mp4: no face from frame 0 on"),
    ):
        path.write_text(text)
        assert (
            main(["evaluate", "panel", "make", str(path), "--out", str(tmp_path / "out"), "--viewers", "2", "--quiet"])
            == 2
        )
        assert said in capsys.readouterr().err
        assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".out*"))
    path.write_text(f"kind,emotion,shown\nreal,sad,{original}\n")
    assert main(["evaluate", "panel", "make", str(path), "--out", str(tmp_path / "out"), "--viewers", "1"]) == 2
    assert "give more --viewers" in capsys.readouterr().err
    assert len(read_items(path)) == 1


def test_what_is_not_as_large_as_its_original_is_not_shown(original, talk, tmp_path):
    """The square in which the original's face is would show something else."""
    small = write_clip(tmp_path / "small.mp4", [f[:144, :144] for f in talk])
    with pytest.raises(UserError, match="small.mp4: its size is 144x144, its original's 288x288"):
        save_strip(tmp_path / "strip.jpg", Item("warp", "sad", small, original))


def test_shares_are_even_and_shuffled():
    items = [
        Item(kind, e, Path("x"), Path("x"), person=p) for kind in ("real", "a", "b") for e in EMOTIONS for p in "pq"
    ]
    shares = share_out(items, 4, 2, seed=0)
    assert [len(s) for s in shares] == [21] * 4 and sorted(i for s in shares for i in s) == sorted([*range(42)] * 2)
    for share in shares:
        assert len(set(share)) == 21 and share != sorted(share)
        kinds = [items[i].kind for i in share]
        assert all(5 <= kinds.count(k) <= 9 for k in ("real", "a", "b"))
        same = sum(items[a].person == items[b].person for a, b in zip(share, share[1:], strict=False))
        assert same <= 4
    assert share_out(items, 4, 2, seed=0) == shares and share_out(items, 4, 2, seed=1) != shares


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("9,3,happy,", "number is not 1 to 4"),
        ("1,6,happy,", "realism is not 1 to 5"),
        ("1,3,joy,", "emotion is none of"),
        ("1,3,happy,\n1,3,happy,", "item 1 is answered twice"),
        ("x,3,happy,", "number is not"),
        ("", "holds no answers"),
    ],
)
def test_wrong_answers_are_named_by_their_line(tmp_path, line, said):
    (tmp_path / "viewer1").mkdir()
    key = {"items": [{"kind": "real", "emotion": "sad"}] * 4, "shares": [[3, 1, 0, 2]]}
    (tmp_path / "key.json").write_text(json.dumps(key))
    (tmp_path / "viewer1/answers.csv").write_text(f"number,realism,emotion,remark\n{line}\n")
    with pytest.raises(UserError, match=said):
        read_answers(tmp_path)


def test_a_folder_that_is_no_panel(tmp_path):
    with pytest.raises(UserError, match="no such key of a panel"):
        read_answers(tmp_path)
    (tmp_path / "key.json").write_text('{"items": 3}')
    with pytest.raises(UserError, match="is no key of a panel"):
        read_answers(tmp_path)


TRUTH = {"real": (4.2, 0.65), "edit": (2.6, 0.8)}
"""Of each kind: how real its clips look in the mean, and the chance that a viewer reads the emotion."""


def views(rng, realism, read, clips):
    """What two viewers say of each clip, which has a look and a legibility of its own: realism, read or not."""
    look, legible = rng.normal(realism, 0.7, clips), rng.beta(4 * read, 4 * (1 - read), clips)
    said = np.clip(np.round(look[:, None] + rng.normal(0, 0.4, (clips, 2))), 1, 5)
    return said, rng.random((clips, 2)) < legible[:, None]


def study(rng):
    """The answers of a panel of four, 24 clips of each kind."""
    answers = []
    for kind, means in TRUTH.items():
        for realism, read in zip(*views(rng, *means, 24), strict=True):
            item, viewers = len(answers), rng.choice(4, 2, replace=False).tolist()
            wanted, other = EMOTIONS[item % 7], EMOTIONS[(item + 1) % 7]
            answers += [
                Answer(item, v, kind, wanted, int(r), wanted if seen else other)
                for v, r, seen in zip(viewers, realism, read, strict=True)
            ]
    return answers


def test_simulated_viewers_are_recovered_and_intervals_cover_the_truth():
    wanted = {}
    for kind, means in TRUTH.items():
        said, read = views(np.random.default_rng(0), *means, 400_000)
        wanted[kind] = ((said >= 4).mean(), said.mean(), read.mean())
    rng, covered = np.random.default_rng(5), []
    for _ in range(25):
        for score in score_answers(study(rng)).scores:
            if score.emotion is None:
                found = (score.realism, score.mean_realism, score.recognised)
                covered += [e.low <= true <= e.high for e, true in zip(found, wanted[score.kind], strict=True)]
                assert found[1].value == pytest.approx(wanted[score.kind][1], abs=0.6)
    assert len(covered) == 150 and np.mean(covered) > 0.91


def test_the_table_says_what_the_intervals_are_of():
    text = as_text(score_answers(study(np.random.default_rng(0))))
    assert "95 % intervals" in text and text.count("\n") == 1 + 1 + 2 * 8 + 1


def test_single_votes_are_told_without_what_they_cannot_say():
    text = as_text(score_answers([Answer(0, 1, "warp", "sad", 4, "sad")]))
    assert "nan" not in text and text.startswith("1 answer of 1 viewer; no item was seen by two")
    (line,) = [line for line in text.splitlines() if line.startswith("warp") and " all " in line]
    assert "4.00 (–)" in line and "100% (" in line
    alone = [Answer(k, v, "warp", "sad", 4, "sad") for k in range(3) for v in (1, 2)]
    text = as_text(score_answers(alone))
    assert "nan" not in text and "differ by 0.00 points" in text and "realism not known, all answers are one" in text
