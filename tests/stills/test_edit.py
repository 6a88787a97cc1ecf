"""From file to file: what changes, what does not, and what is said of it."""

import json

import numpy as np
import pytest
from PIL import Image

from ned.cli import main
from ned.config.still import LABELS, StillConfig
from ned.errors import UserError
from ned.manipulator.vitl.plane import NAMES
from ned.stills.edit import Wish, closing_at, edit_faces, hold, manipulate_with
from ned.stills.faces import find_faces
from ned.stills.frame import frame_of, pixels_of
from ned.stills.image import read_image
from ned.stills.process import edit_still
from ned.stills.sheet import circle, close_up, lattice
from ned.types import Emotion, ValenceArousal


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_frame_holds_the_samples_themselves(dtype):
    pixels = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (37, 53, 3), dtype, endpoint=True)
    frame = frame_of(pixels)
    assert np.array_equal(pixels_of(frame), pixels) and (frame.height, frame.width) == (37, 53)
    region = frame.region_rgb((3, 5, 20, 30))
    assert np.allclose(region, pixels[5:30, 3:20] / np.iinfo(dtype).max, atol=1e-6)
    assert np.array_equal(pixels_of(frame.add_region((3, 5, 20, 30), np.zeros((25, 17, 3), np.float32))), pixels)


def test_one_face_is_found_and_fitted(found):
    assert len(found.faces) == 1 and found.left_out == 0
    face = found.faces[0]
    assert 80 < face.width_px < 160 and face.strength[0] == 1.0
    assert face.fit.reprojection_error[0] < 0.05


def test_only_the_face_changes_and_as_it_should(found, portrait):
    smile = found.faces[0].fit.expression.space.index("mouthFrownLeft")
    done = edit_faces(found, Wish(Emotion("sad")))
    changed = (done.image.pixels != portrait).any(2)
    box = found.faces[0].track.boxes[0]
    reach = 0.5 * (box[2] - box[0])
    y, x = np.nonzero(changed)
    assert 0.01 < changed.mean() < 0.2
    assert x.min() > box[0] - reach and x.max() < box[2] + reach
    assert y.min() > box[1] - reach and y.max() < box[3] + reach
    edit = done.edits[0]
    assert edit.edited.pack()[0, smile] > edit.fit.expression.pack()[0, smile] + 0.1


def test_nothing_is_nothing(found, portrait):
    assert np.array_equal(edit_faces(found, Wish(Emotion("sad"), intensity=0.0)).image.pixels, portrait)


@pytest.mark.parametrize("manipulator", ["vitl", "prototypes", "learned"])
def test_every_manipulator_tells_a_smile_from_sadness(found, manipulator):
    face = found.faces[0]
    smile = face.fit.expression.space.index("mouthSmileLeft")
    smiles = {}
    for emotion in ("happy", "sad"):
        edited = manipulate_with(Wish(Emotion(emotion), manipulator=manipulator), found.model)(face)
        assert len(edited) == 1
        smiles[emotion] = float(edited.pack()[0, smile])
    assert smiles["happy"] > smiles["sad"] + 0.3


def test_a_point_of_the_plane_pulls_as_far_as_it_lies(found):
    face = found.faces[0]
    smile = face.fit.expression.space.index("mouthSmileLeft")
    wishes = [Wish(ValenceArousal(v, 0.05)) for v in (-0.8, 0.0, 0.25, 0.5, 0.95)]
    displeased, *at = (manipulate_with(wish, found.model)(face).pack()[0, smile] for wish in wishes)
    assert at == sorted(at)
    assert displeased == pytest.approx(at[0], abs=0.15)  # the smile is gone at either


def test_sixteen_bits_and_grey_are_edited_as_they_are(portrait, tmp_path):
    import tifffile

    deep, grey = tmp_path / "deep.tif", tmp_path / "grey.png"
    tifffile.imwrite(deep, portrait.astype(np.uint16) * 257 + 5, photometric="rgb")
    Image.fromarray(portrait).convert("L").save(grey)
    for path in (deep, grey):
        image = read_image(path)
        done = edit_faces(find_faces(image), Wish(Emotion("surprised"))).image
        changed = (done.pixels != image.pixels).any(2)
        assert 0.01 < changed.mean() < 0.25
        assert done.bits == image.bits and done.grey == image.grey
        assert not done.grey or (done.pixels[..., 0] == done.pixels[..., 2]).all()


def test_an_expression_comes_from_a_file(found, tmp_path):
    table = tmp_path / "edit.csv"
    table.write_text("JawOpen,MouthSmileLeft,MouthSmileRight\n0.4,0.1,0.1\n")
    edited = manipulate_with(Wish(expression=table), found.model)(found.faces[0])
    assert edited["jawOpen"][0] == pytest.approx(0.4)


def test_a_held_image_is_a_video_of_one_expression(found):
    face = found.faces[0]
    track, said = hold(face.fit.expression, face.articulation)
    assert len(track) == len(said.mouth_opening) > 50 and np.ptp(track.pack(), axis=0).max() == 0
    assert closing_at(np.zeros(2)) > 0.7 > closing_at(np.array([0.9945, 0.1047])) + 0.6


def test_the_plane_is_drawn_in_to_the_disc_and_the_circle_closes(found):
    places = lattice(7)
    assert places.shape == (7, 7, 2) and np.hypot(*places.reshape(-1, 2).T).max() <= 1 + 1e-9
    assert np.allclose(places[3, 3], 0) and np.allclose(places[0, 3], (0, 0.75)) and places[3, 6, 0] > 0.7
    path = circle()
    assert np.allclose(path[[0, -1]], 0, atol=0.12) and np.abs(np.diff(path, axis=0)).max() < 0.13


def test_a_close_up_shows_the_same_face(found):
    for side in (64, 256):
        frame, face = close_up(found, found.faces[0], side)
        assert (frame.height, frame.width) == (side, side)
        box = face.track.boxes[0]
        assert abs((box[0] + box[2]) / 2 - side / 2) < 0.03 * side and 0.4 < (box[2] - box[0]) / side < 0.8
        ours, theirs = frame.rgb().mean((0, 1)), None
        x0, y0, x1, y1 = (int(v) for v in found.faces[0].track.boxes[0])
        theirs = found.image.pixels[y0:y1, x0:x1].mean((0, 1))
        assert np.abs(ours - theirs).max() < 70


def test_from_photograph_to_signed_photograph(photo, tmp_path, capsys):
    out = tmp_path / "sad.jpg"
    assert main(["still", str(photo), "--emotion", "sad", "--output", str(out)]) == 0
    assert "1 face to sad" in capsys.readouterr().out
    with Image.open(out) as after:
        assert after.getexif()[0x0112] == 6 and after.info["icc_profile"]
    before, after = read_image(photo).pixels.astype(int), read_image(out).pixels
    apart = np.abs(before - after).max(2)
    assert (apart > 12).mean() > 0.002  # the face
    assert np.median(apart) <= 1 and (apart > 12).mean() < 0.1
    assert main(["verify", str(out), "--source", str(photo), "--json"]) == 0
    verdict = json.loads(capsys.readouterr().out)
    assert verdict["state"] == "valid" and verdict["source_matches"] and "to sad" in verdict["edit"]
    assert main(["still", str(photo), "--emotion", "sad", "--output", str(out)]) == 2  # exists already
    assert "exists already" in capsys.readouterr().err


def test_process_sends_images_to_still(photo, tmp_path, capsys):
    out = tmp_path / "a.jpg"
    given = ["process", str(photo), "-e", "happy", "-o", str(out), "--no-provenance"]
    assert main(given) == 0
    said = capsys.readouterr()
    assert "`ned still`" in said.err and out.exists() and "not signed" in said.out
    assert main(["process", str(photo), "--start", "1"]) == 2
    assert "for videos" in capsys.readouterr().err


def test_a_sheet_and_an_animation(png, tmp_path, monkeypatch):
    import ned.stills.sheet as sheet

    monkeypatch.setattr(sheet, "SWEEP_STEPS", 4)
    grid, around = tmp_path / "plane.jpg", tmp_path / "around.webp"
    edit_still(StillConfig(png, output=grid, grid=2, provenance=False))
    edit_still(StillConfig(png, output=around, sweep=True, provenance=False))
    with Image.open(grid) as image:
        assert image.size[0] > 2 * sheet.TILE_PX
    with Image.open(around) as image:
        assert image.n_frames == len(circle())


def test_several_images_go_into_a_folder(png, photo, tmp_path, capsys):
    blank = tmp_path / "blank.png"
    Image.new("RGB", (200, 200), (90, 120, 90)).save(blank)
    out = tmp_path / "out"
    code = main(["still", str(png), str(blank), "--no-provenance", "-o", str(out)])
    said = capsys.readouterr()
    assert code == 1 and "1 done, 1 failed" in said.out and "no face was found" in said.err
    assert sorted(p.name for p in out.iterdir()) == ["portrait_happy.png"]


def test_faces_that_are_too_small_or_not_there(portrait, png, tmp_path):
    small = tmp_path / "small.png"
    Image.fromarray(portrait).resize((160, 160)).save(small)
    with pytest.raises(UserError, match="too small|no face"):
        find_faces(read_image(small))
    with pytest.raises(UserError, match="there is no person 3; choose one of: 1"):
        find_faces(read_image(png), person=3)
    both = tmp_path / "both.png"
    Image.fromarray(np.concatenate([portrait, np.full_like(portrait[:, :256], 200)], 1)).save(both)
    with Image.open(both) as image:
        image.paste(Image.fromarray(portrait).resize((210, 210)), (530, 40))
        image.save(both)
    with pytest.raises(UserError, match="the face of person 2 is too small; choose one of: 1"):
        find_faces(read_image(both), person=2)


@pytest.mark.parametrize("wrong, words", [
    ({"valence": 0.9, "arousal": 0.9}, "outside the circle"), ({"emotion": "smug"}, "unknown emotion"),
    ({"emotion": "sad", "valence": 0.1}, "do not go together"), ({"grid": 7, "sweep": True}, "do not go together"),
    ({"grid": 99}, "grid is"), ({"intensity": 3.0}, "intensity is"), ({"seed": -1}, "seed is"),
    ({"manipulator": "learned", "valence": 0.1}, "labels only"),
    ({"manipulator": "learned", "emotion": "bored"}, "not"),
])  # fmt: skip
def test_options_that_do_not_fit(wrong, words, tmp_path):
    with pytest.raises(UserError, match=words):
        StillConfig(tmp_path / "a.jpg", **wrong)


def test_labels_and_names(tmp_path):
    assert set(LABELS) == set(NAMES)
    assert StillConfig(tmp_path / "a.jpg", valence=0.7).output_path.name == "a_valence+0.7_arousal+0.jpg"
    assert StillConfig(tmp_path / "a.heic", sweep=True).output_path.name == "a_sweep.webp"
