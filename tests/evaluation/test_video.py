"""Edits beside their original: the trivial answers, an edit of known harm, and everything that cannot be compared."""

import json
import math
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from ned.cli import main
from ned.evaluation.container import Container, read_container
from ned.evaluation.distance import load_reference
from ned.evaluation.face import MEASURES, measure_faces
from ned.evaluation.group import Comparison
from ned.evaluation.judges import Judges
from ned.evaluation.judges.mesh import FaceMesh
from ned.evaluation.pairs import Pair
from ned.evaluation.summary import summarise
from ned.evaluation.table import as_csv, as_json, as_text
from ned.evaluation.video import evaluate_videos
from tests.evaluation.faces import FRAMES, MouthJudge, rows, write_clip

JUDGELESS = {
    "target_hit": "expression-mobilefacenet", "valence_change": "enet-va", "identity": "sface", "lpips": "alexnet",
    "signature_gain": "face-landmarker", "fvd": "i3d --from FILE", "detected": "yunet", "fapd_parsed": "bisenet",
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_models(tmp_path, monkeypatch):
    monkeypatch.setenv("NED_MODELS", str(tmp_path / "models"))


def widened(frames):
    """The mouth pulled wide by the same amount in every frame: a caricature, and no speech any more."""
    rows, columns = np.mgrid[: frames[0].shape[0], : frames[0].shape[1]].astype(np.float32)
    near = np.exp(-(((rows - 145) / 14) ** 2)) * np.exp(-(((columns - 133) / 42) ** 2))
    pull = (columns - 133) * near * 0.45
    return [cv2.GaussianBlur(cv2.remap(f, columns - pull, rows, cv2.INTER_LINEAR), (0, 0), 1.2) for f in frames]


@pytest.fixture(scope="module")
def evaluation(original, talk, tmp_path_factory):
    """The caricature beside its original, by a judge that wide mouths please, and real smiles that are half as wide."""
    with FaceMesh(still=True) as mesh:
        faces = measure_faces(np.stack([mesh(frame) for frame in talk[:12]]))
    plain, spread = faces.mean(0), faces.std(0) + 0.01
    rng, width = np.random.default_rng(3), MEASURES.index("mouth_width")
    reference = {name: plain + rng.normal(0, spread, (60, 8)) for name in ("neutral", "happy")}
    reference["happy"][:, width] += 0.02
    edited = write_clip(tmp_path_factory.mktemp("edits") / "talk_happy.mp4", widened(talk), sound=True)
    judges = Judges(expression=(MouthJudge(float(plain[width]) + 0.05),))
    return evaluate_videos([Pair(original, edited, "happy")], judges, reference)


def test_the_input_itself_is_exact(evaluation):
    figures = rows(evaluation)["copy"].figures
    exact = ("jaw_pcc", "blink_pcc", "mouth_width_pcc", "sharpness_ratio", "flicker_ratio", "face_ssim",
             "audio_identical", "same_frames", "same_size", "face_found_both")  # fmt: skip
    assert [figures[name] for name in exact] == pytest.approx([1.0] * len(exact), abs=1e-12)
    assert figures["psnr"] == figures["psnr_outside"] == figures["face_psnr"] == 100.0
    assert figures["fapd"] == figures["max_time_shift_ms"] == figures["target_gain@wide-mouth"] == 0.0
    assert figures["real_distance"] == figures["real_distance_original"]


def test_a_transcode_is_as_known(evaluation):
    figures = rows(evaluation)["transcode"].figures
    assert figures["jaw_pcc"] > 0.97 and figures["psnr_outside"] > 36 and 0.85 < figures["sharpness_ratio"] < 1.1
    assert 0 < figures["fapd"] < 6 and figures["face_ssim"] > 0.9
    assert figures["audio_identical"] == figures["same_frames"] == 1 and figures["max_time_shift_ms"] < 1


def test_a_caricature_is_accurate_and_unreal(evaluation):
    edit = rows(evaluation)["edit"].figures
    copy = rows(evaluation)["copy"].figures
    assert edit["target_hit@wide-mouth"] > 0.9 and copy["target_hit@wide-mouth"] == 0
    assert edit["real_distance"] > 2 * copy["real_distance"], "farther from real smiles than a face that does not smile"
    assert edit["sharpness_ratio"] < 0.8 and edit["fapd"] > 2 * rows(evaluation)["transcode"].figures["fapd"]
    table = evaluation.confusions["wide-mouth"]
    assert table.sum() == FRAMES and table[1, 1] / FRAMES == pytest.approx(edit["target_hit@wide-mouth"])


def test_no_figure_is_made_up_without_its_judge(evaluation):
    row = rows(evaluation)["edit"]
    for name in ("valence_change", "identity", "lpips", "lse_d"):
        assert name not in row.figures and row.missing[name].startswith("needs")
    text = as_text(evaluation)
    assert "copy-input" in text and "transcode" in text and "talk_happy.mp4" in text
    assert "identity                              not computed: needs" in text
    plain = json.loads(as_json(evaluation))
    assert plain["rows"][2]["figures"]["identity"] is None and "NaN" not in as_json(evaluation)
    lines = [line.split(",") for line in as_csv(evaluation).splitlines()]
    assert len(lines) == 4 and lines[3][lines[0].index("identity")] == ""
    assert float(lines[3][lines[0].index("jaw_pcc")]) == row.figures["jaw_pcc"]


def test_judges_that_are_not_here_are_named(original, talk, tmp_path, capsys):
    edited = write_clip(tmp_path / "talk_sad.mp4", talk[:], crf=30)
    assert main(["evaluate", "video", str(original), "--edited", str(edited), "--quiet", "--json", "-"]) == 0
    row = json.loads(capsys.readouterr().out)["rows"][2]
    assert row["target"] == "sad" and row["figures"]["audio_identical"] == 0
    for figure, model in JUDGELESS.items():
        assert row["figures"][figure] is None and f"ned models fetch {model}" in row["not_computed"][figure], figure
    assert "--reference" in row["not_computed"]["real_distance"]


def test_what_cannot_be_compared_says_why_and_the_rest_is_measured(original, talk, tmp_path, capsys):
    small = [cv2.resize(f, (144, 144)) for f in talk]
    blank = [np.full_like(talk[0], 40 + k) for k in range(FRAMES)]
    clips = {
        "short": write_clip(tmp_path / "short.mp4", talk[:15]),
        "long": write_clip(tmp_path / "long.mp4", [*talk, *talk[:4]]),
        "small": write_clip(tmp_path / "small.mp4", small),
        "blank": write_clip(tmp_path / "blank.mp4", blank),
        "broken": tmp_path / "broken.mp4",
        "good": write_clip(tmp_path / "good.mp4", talk),
    }
    clips["broken"].write_bytes(clips["good"].read_bytes()[:300])
    out = tmp_path / "out.json"
    command = ["evaluate", "video", str(original), "--edited", *map(str, clips.values()), "--json", str(out), "--quiet"]
    assert main([*command, "--target", "sad"]) == 1, "some could not be compared"
    capsys.readouterr()
    found = {row["edited"].rsplit("/")[-1].removesuffix(".mp4"): row for row in json.loads(out.read_text())["rows"]}
    why = {name: found[name]["not_computed"].get("jaw_pcc") for name in clips}
    assert why["short"] == "not comparable: it has 15 frames, its original more"
    assert why["long"] == f"not comparable: it has more than the {FRAMES} frames of its original"
    assert why["small"] == "not comparable: its size is 144x144, its original's 288x288"
    assert why["blank"] == "no frame has a face in both" and found["blank"]["figures"]["psnr"] < 20
    assert why["broken"].startswith("not comparable: ") and why["good"] is None
    assert found["good"]["figures"]["jaw_pcc"] > 0.95 and found["short"]["figures"]["same_frames"] == 0
    assert main(command) == 2 and "exists already" in capsys.readouterr().err


def test_an_original_without_a_face(talk, tmp_path):
    blank = write_clip(tmp_path / "blank.mp4", [np.full_like(talk[0], 90)] * 8)
    edited = write_clip(tmp_path / "edited.mp4", [np.full_like(talk[0], 100)] * 8)
    found = evaluate_videos([Pair(blank, edited, "sad")], Judges())
    row = rows(found)["edit"]
    assert not found.measured[0].compared
    assert row.figures["face_found_original"] == 0 and row.missing["jaw_pcc"] == "no frame has a face in both"
    assert all(math.isfinite(v) for v in row.figures.values()) and "not computed" in as_text(found)


def test_the_exit_code_says_that_no_face_was_compared(talk, tmp_path, capsys):
    clips = [write_clip(tmp_path / f"{name}.mp4", [np.full_like(talk[0], 90)] * 8) for name in "ab"]
    assert main(["evaluate", "video", str(clips[0]), "--edited", str(clips[1]), "--quiet"]) == 1
    assert "no frame has a face in both" in capsys.readouterr().out


def test_one_broken_original_does_not_cost_the_rest(original, talk, tmp_path, monkeypatch):
    from ned.errors import ProcessingError, UserError
    from ned.evaluation import video

    other = write_clip(tmp_path / "other.mp4", talk)
    edits = [write_clip(tmp_path / f"{name}.mp4", talk, crf=25) for name in "ab"]
    compare = video.compare_videos

    def breaking(path, *rest):
        if path == other:
            raise ProcessingError("no frame can be decoded", path=path)
        return compare(path, *rest)

    monkeypatch.setattr(video, "compare_videos", breaking)
    found = evaluate_videos([Pair(other, edits[0], "sad"), Pair(original, edits[1], "sad")], Judges())
    edit, good = (row for row in found.rows if row.kind == "edit")
    assert not edit.figures and edit.missing["fapd"] == f"not comparable: {other}: no frame can be decoded"
    assert good.figures["jaw_pcc"] > 0.9 and [m.compared for m in found.measured] == [False, True]
    assert [row.edited for row in found.rows if row.kind == "mean"][-1] == "edit, mean of 1 of 2"
    assert "NaN" not in as_json(found) and "no frame can be decoded" in as_text(found)
    (tmp_path / "broken.mp4").write_bytes(b"no")
    with pytest.raises(UserError, match="broken.mp4"):
        evaluate_videos([Pair(original, edits[1]), Pair(tmp_path / "broken.mp4", edits[0])], Judges())


def test_a_transcode_that_could_not_be_made_has_no_figures_of_its_container(original, talk, tmp_path, monkeypatch):
    from ned.errors import ProcessingError
    from ned.evaluation import video

    def fails(*_):
        raise ProcessingError("the disk is full")

    monkeypatch.setattr(video, "transcode", fails)
    found = evaluate_videos([Pair(original, write_clip(tmp_path / "e.mp4", talk), "sad")], Judges())
    row = rows(found)["transcode"]
    assert not row.figures and "no transcode could be made (the disk is full)" in row.missing["audio_identical"]
    assert rows(found)["edit"].figures["jaw_pcc"] > 0.9


def test_a_track_of_sound_that_is_lost_is_not_identical_sound(original, tmp_path):
    """Of two tracks the second is left out, or another."""
    def remuxed(name, tracks):
        path = tmp_path / name
        with av.open(str(original)) as source, av.open(str(path), "w") as out:
            video = out.add_stream_from_template(source.streams.video[0])
            sounds = [out.add_stream_from_template(source.streams.audio[0]) for _ in range(abs(tracks))]
            for packet in source.demux():
                if packet.dts is None:
                    continue
                if packet.stream.type == "video":
                    packet.stream = video
                    out.mux(packet)
                else:
                    data, pts = bytes(packet), packet.pts
                    for k, stream in enumerate(sounds):
                        copy = av.Packet(data[:-1] + b"?" if tracks < 0 and k else data)
                        copy.pts = copy.dts = pts
                        copy.time_base, copy.stream = packet.time_base, stream
                        out.mux(copy)
        return read_container(path).sound

    one, two, again, changed = (remuxed(f"{k}.mkv", n) for k, n in enumerate((1, 2, 2, -2)))
    assert len(one) == 1 and two == again == (one[0], one[0])
    assert changed[0] == one[0] != changed[1] and len(read_container(tmp_path / "1.mkv").sound) == 2


def test_lengths_are_told_by_what_was_read_and_not_by_words():
    containers = Container(10, 10, None, 5, ()), Container(10, 10, None, 5, ())
    for comparison, same in (
        (Comparison(Path("x"), failed="its frames cannot be decoded"), 1.0),
        (Comparison(Path("x"), failed="it has 4 frames, its original more", other_length=True), 0.0),
    ):
        row = summarise(comparison, "edit", ("a", "b"), None, Judges(), containers)
        assert row.figures["same_frames"] == same


def test_several_edits_have_means_and_read_the_original_once(original, talk, tmp_path):
    edits = [write_clip(tmp_path / f"talk_{e}.mp4", talk, crf=c) for e, c in (("sad", 20), ("angry", 34))]
    found = evaluate_videos([Pair(original, e, t) for e, t in zip(edits, ("sad", "angry"), strict=True)], Judges())
    kinds = [row.kind for row in found.rows]
    assert kinds == ["copy", "transcode", "edit", "edit", "mean", "mean", "mean"]
    a, b, mean = found.rows[2], found.rows[3], found.rows[6]
    assert mean.figures["fapd"] == pytest.approx((a.figures["fapd"] + b.figures["fapd"]) / 2)
    assert b.figures["fapd"] > a.figures["fapd"] and mean.target is None


def test_the_page_has_curves_and_images_and_no_other_file(evaluation, tmp_path):
    from ned.evaluation.page import pick, write_page

    write_page(tmp_path / "page.html", evaluation)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 5 and page.count("data:image/jpeg") == 4 and "http" not in page
    assert "Probability of happy, wide-mouth" in page and "not computed" in page
    assert pick(np.array([0.0, 5, 4, np.nan] + [1.0] * 20)).tolist() == [1, 13]


def test_a_reference_that_is_none_is_refused(tmp_path):
    from ned.errors import UserError

    path = tmp_path / "faces.npz"
    path.write_bytes(b"no")
    with pytest.raises(UserError, match="is no file of measures"):
        load_reference(path)
    np.savez(path, neutral=np.zeros((30, 7)))
    with pytest.raises(UserError, match="are not rows of 8 finite measures"):
        load_reference(path)
    np.savez(path, neutral=np.full((30, 8), np.nan))
    with pytest.raises(UserError, match="are not rows of 8 finite measures"):
        load_reference(path)
    flat = np.random.default_rng(0).normal(size=(30, 8))
    flat[:, 1] = 0.5
    np.savez(path, neutral=flat, happy=flat)
    with pytest.raises(UserError, match="all its faces have one brow_outer"):
        load_reference(path)
    np.savez(path, happy=np.zeros((30, 8)))
    with pytest.raises(UserError, match="fewer than 20 neutral faces"):
        load_reference(path)
