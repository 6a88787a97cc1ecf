"""Labelled images in their publishers' layouts, crops of them, and parts that go back."""

import csv

import numpy as np
import pytest
from PIL import Image

from ned.errors import UserError
from ned.stills.gan.blending import blend_bands, blend_linear, match_brightness, ramp
from ned.stills.gan.crops import OF_PART, MeshFinder, crop_of, load_crops, make_crops, part_box, save_crops
from ned.stills.gan.readers import FERPLUS, read_labelled
from ned.types import EMOTIONS


@pytest.fixture
def image(portrait):
    return Image.fromarray(portrait[:256, 100:356])


def _table(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def test_a_plain_folder(tmp_path, image):
    image.save(tmp_path / "a.png")
    _table(tmp_path / "labels.csv", [
        {"file": "a.png", "emotion": "happy", "valence": "", "arousal": "", "person": "ann"},
        {"file": "b.png", "emotion": "", "valence": "-.5", "arousal": ".25", "person": ""},
    ])  # fmt: skip
    one, two = read_labelled(tmp_path)
    assert (one.emotion, one.place, one.person) == ("happy", None, "ann") and one.place_or_class()[0] > 0.6
    assert (two.emotion, two.place) == (None, (-0.5, 0.25)) and one.load().shape == (256, 256, 3)


@pytest.mark.parametrize(("row", "words"), [
    ({"file": "a.png", "mood": "x"}, "says nothing"), ({"path": "a.png", "emotion": "happy"}, "no column 'file'"),
    ({"file": "a.png", "emotion": "smug"}, "unknown emotion"), ({"file": "../a.png", "emotion": "sad"}, "outside"),
    ({"file": "a.png", "valence": "high", "arousal": "0"}, "no numbers"),
    ({"file": "a.png", "valence": "2", "arousal": "0"}, "not within"),
])  # fmt: skip
def test_labels_that_do_not_do(tmp_path, row, words):
    _table(tmp_path / "labels.csv", [row])
    with pytest.raises(UserError, match=words):
        read_labelled(tmp_path)


def test_affectnet_in_both_forms(tmp_path, image):
    folder = tmp_path / "npy" / "train_set"
    (folder / "images").mkdir(parents=True)
    (folder / "annotations").mkdir()
    for number, (kind, valence, arousal) in enumerate([("1", ".8", ".1"), ("7", "0", "0"), ("2", "-2", "-2")]):
        image.save(folder / "images" / f"{number}.jpg")
        for name, value in (("exp", kind), ("val", valence), ("aro", arousal)):
            np.save(folder / "annotations" / f"{number}_{name}.npy", np.array(value))
    found = read_labelled(tmp_path / "npy")
    assert [(p.emotion, p.place) for p in found] == [("happy", (0.8, 0.1)), ("sad", None)]  # contempt is left out
    table = tmp_path / "csv"
    (table / "689").mkdir(parents=True)
    image.save(table / "689" / "x.jpg")
    _table(table / "training.csv", [
        {"subDirectory_filePath": "689/x.jpg", "expression": "6", "valence": "-.4", "arousal": ".5"},
        {"subDirectory_filePath": "../../x.jpg", "expression": "6", "valence": "-.4", "arousal": ".5"},
    ])  # fmt: skip
    assert [(p.emotion, p.place) for p in read_labelled(table)] == [("angry", (-0.4, 0.5))]


def test_numbers_that_are_none_are_one_line(tmp_path, image):
    table = tmp_path / "affectnet"
    table.mkdir()
    image.save(table / "x.jpg")
    row = {"subDirectory_filePath": "x.jpg", "expression": "1", "valence": "", "arousal": ".2"}
    _table(table / "t.csv", [row, row | {"valence": ".2", "arousal": "nan"}, row | {"expression": "²"},
                             row | {"valence": "0", "arousal": "0"}])  # fmt: skip
    assert [found.place for found in read_labelled(table)] == [None, None, (0.0, 0.0)]
    _table(table / "t.csv", [row | {"valence": "much"}])
    with pytest.raises(UserError, match="line 2: valence and arousal are no numbers"):
        read_labelled(table)
    ferplus = tmp_path / "ferplus"
    ferplus.mkdir()
    votes = {"Usage": "Training", "Image name": "a.png", **dict.fromkeys(FERPLUS, 0), "sadness": 9}
    _table(ferplus / "fer2013.csv", [{"emotion": 0, "pixels": "1 2 300"}])
    _table(ferplus / "fer2013new.csv", [votes])
    (one,) = read_labelled(ferplus)
    with pytest.raises(UserError, match="line 2: holds no image of 48 x 48"):
        one.load()
    _table(ferplus / "fer2013new.csv", [votes | {"fear": "x"}])
    with pytest.raises(UserError, match="line 2: votes are no numbers"):
        read_labelled(ferplus)


def test_ferplus_takes_what_most_voters_say(tmp_path):
    pixels = " ".join(map(str, np.arange(48 * 48) % 256))
    _table(tmp_path / "fer2013.csv", [{"emotion": 0, "pixels": pixels, "Usage": "Training"}] * 2)
    votes = {"Usage": "Training", "Image name": "a.png", **dict.fromkeys(FERPLUS, 0)}
    _table(tmp_path / "fer2013new.csv", [votes | {"sadness": 8, "neutral": 2}, votes | {"sadness": 5, "neutral": 5}])
    (one,) = read_labelled(tmp_path)
    assert one.emotion == "sad" and one.load()[0, 5].tolist() == [5, 5, 5]


def test_kdef_images_and_empty_folders(tmp_path, image):
    (tmp_path / "AF01").mkdir()
    image.save(tmp_path / "AF01" / "AF01SUS.JPG")
    (one,) = read_labelled(tmp_path)
    assert (one.emotion, one.person) == ("surprised", "F01")
    for folder in (tmp_path / "AF01" / "none", tmp_path.parent / "nothing"):
        with pytest.raises(UserError):
            read_labelled(folder)


def test_crops_show_their_part(tmp_path, image, portrait):
    rgb = np.asarray(image)
    with MeshFinder() as find:
        points = find(rgb)
        boxes = {part: part_box(points, part, rgb.shape[:2]) for part in OF_PART}
        for part, (x0, y0, x1, y1) in boxes.items():
            around = points[list(OF_PART[part]), :2]
            inside = (around >= (x0 - 1, y0 - 1)) & (around <= (x1 + 1, y1 + 1))
            assert x1 - x0 == y1 - y0 and inside.all(), part
        assert boxes["mouth"][1] > boxes["eyes"][1] + 10 and crop_of(rgb, boxes["mouth"], 64).shape == (64, 64, 3)
        image.save(tmp_path / "a.png")
        Image.new("RGB", (128, 128), (90, 120, 90)).save(tmp_path / "b.png")
        rows = [{"file": f"{n}.png", "emotion": "happy", "person": n} for n in "ab"]
        _table(tmp_path / "labels.csv", rows)
        crops = make_crops(read_labelled(tmp_path), "parts", "mouth", 64, find, EMOTIONS)
    assert crops.images.shape == (1, 64, 64, 3) and crops.emotions.tolist() == [1]  # no face, no crop
    save_crops(tmp_path / "crops.npz", crops)
    assert np.array_equal(load_crops(tmp_path / "crops.npz").images, crops.images)
    (tmp_path / "crops.npz").write_bytes(b"nothing")
    with pytest.raises(UserError, match="damaged"):
        load_crops(tmp_path / "crops.npz")


def test_blending_matches_brightness_and_fades_at_the_edges():
    rng = np.random.default_rng(0)
    original = rng.uniform(0.2, 0.4, (40, 60, 3)).astype(np.float32)
    part = rng.uniform(0.6, 0.8, (40, 60, 3)).astype(np.float32)
    assert match_brightness(part, original).mean() == pytest.approx(original.mean(), abs=1e-3)
    alpha = ramp((40, 60))
    assert alpha[20, 30] == 1 and alpha[0].max() < 0.1 and (np.diff(alpha[20, :9]) > 0).all()
    for blend in (blend_linear, blend_bands):
        out = blend(part, original)
        assert np.abs(out - original)[0].max() < 0.05 and 0.15 < out.mean() < 0.45
        assert np.allclose(blend(original, original), original, atol=1e-3)
    assert np.allclose(blend_linear(part, original)[20, 30], match_brightness(part, original)[20, 30])
