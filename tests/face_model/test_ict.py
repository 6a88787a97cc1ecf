"""ICT-FaceKit from OBJ files: ones that are built like its own, and its own shapes where they are at hand."""

import json

import numpy as np
import pytest

from ned.errors import UserError
from ned.face_model import ARKIT52, FaceModel, ict, load_face_model
from ned.face_model.flame.points import IBUG68
from ned.face_model.ict import FACE_VERTICES, IctFace, _files_of, _shape_files
from ned.workspace import Cache


def write_obj(path, face, triangles=()):
    points = np.zeros((ict.NUM_VERTICES, 3))
    points[: len(face)] = face
    text = "".join(f"v {x:.6f} {y:.6f} {z:.6f}\n" for x, y, z in points.tolist())
    path.write_text(text + "".join(f"f {a + 1}/1/1 {b + 1}/1/1 {c + 1}/1/1\n" for a, b, c in triangles))


def write_clone(folder, mean, triangles, shapes, landmarks=None):
    """`shapes` by file name, without .obj; unnamed ones do not move. y up, z out of the face, cm."""
    folder = folder / "FaceXModel"
    folder.mkdir(parents=True)
    write_obj(folder / "generic_neutral_mesh.obj", mean, triangles)
    rest = None
    for name in _shape_files():
        if name in shapes:
            write_obj(folder / f"{name}.obj", mean + shapes[name])
        elif rest is None:
            rest = folder / f"{name}.obj"
            write_obj(rest, mean)
        else:
            (folder / f"{name}.obj").hardlink_to(rest)
    if landmarks is not None:
        (folder / "vertex_indices.json").write_text(json.dumps({"landmarks": [int(v) for v in landmarks]}))


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """The embedded model's own face, a tenth larger and moved, as if it were ICT's; what lies behind it is left out."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ict, "NUM_VERTICES", FACE_VERTICES)
        yield from _clone(tmp_path_factory)


def _clone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ict")
    canonical = load_face_model("canonical")
    mean = 1.1 * canonical.mean[:468] * [1, -1, -1] + [0, 3, 8]
    shapes = {}
    for name in ("eyeBlinkLeft", "eyeBlinkRight", "mouthSmileLeft", "mouthSmileRight", "browInnerUp", "noseSneerLeft",
                 "noseSneerRight", "browDownLeft", "browDownRight"):  # fmt: skip
        moved = 1.1 * canonical.basis[ARKIT52.index(name), :468] * [1, -1, -1]
        files = _files_of(name)
        for file in files:
            shapes[file] = moved / len(files)
    write_clone(folder, mean, canonical.topology.triangles[:, [0, 2, 1]].tolist(), shapes, np.array(IBUG68))
    yield folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return Cache(tmp_path_factory.mktemp("ict-cache"))


@pytest.fixture(scope="module")
def face(clone, cache):
    return IctFace.load(clone, cache)


class TestIct:
    def test_is_a_face_model_of_the_same_face(self, face):
        canonical = load_face_model("canonical")
        assert isinstance(face, FaceModel) and face.space is ARKIT52
        away = face.mean[:468] - (1.1 * canonical.mean[:468] + [0, -3, -8])
        assert 10 * np.linalg.norm(away, axis=1).mean() < 0.5
        for name in ("eyeBlinkLeft", "browInnerUp", "mouthSmileRight"):
            k = ARKIT52.index(name)
            gap = np.linalg.norm(face.basis[k, :468] - 1.1 * canonical.basis[k, :468], axis=1).mean()
            assert gap < 0.1 * np.linalg.norm(canonical.basis[k, :468], axis=1).mean() + 1e-3, name
        iris = face.mean[468:] - (1.1 * canonical.mean[468:] + [0, -3, -8])
        assert np.abs(iris).max() < 0.1

    def test_displacements_add_up_and_tongue_is_still(self, face):
        coefficients = np.zeros((2, 52), np.float32)
        coefficients[1, [9, 10]] = 0.5
        moved = face.displacements(coefficients)
        assert np.abs(moved[0]).max() == 0 and np.allclose(moved[1], 0.5 * face.basis[[9, 10]].sum(0), atol=1e-6)
        assert np.abs(face.basis[ARKIT52.index("tongueOut")]).max() == 0

    def test_cached(self, clone, face, cache, monkeypatch):
        with monkeypatch.context() as patched:
            patched.setattr("ned.face_model.ict._build", None)
            assert np.array_equal(face.basis, IctFace.load(clone, cache).basis)

    def test_made_again(self, clone, face, tmp_path):
        """Where the entry is damaged, and where the list of landmarks is another."""
        cache, own = Cache(tmp_path / "cache"), tmp_path / "FaceXModel"
        own.mkdir()
        for path in (clone / "FaceXModel").iterdir():
            (own / path.name).symlink_to(path)
        assert np.array_equal(IctFace.load(tmp_path, cache).mean, face.mean)
        kept = next((tmp_path / "cache").glob("ict-*/ict.npz"))
        kept.write_bytes(kept.read_bytes()[:200])
        assert np.array_equal(IctFace.load(tmp_path, cache).mean, face.mean)
        (own / "vertex_indices.json").unlink()
        assert not np.array_equal(IctFace.load(tmp_path, cache).mean, face.mean)

    def test_names(self):
        assert _files_of("mouthSmileLeft") == ["mouthSmile_L"] and _files_of("jawLeft") == ["jawLeft"]
        assert _files_of("browInnerUp") == ["browInnerUp_L", "browInnerUp_R"] and _files_of("tongueOut") == []
        assert len(_shape_files()) == 53

    def test_exceptions(self, clone, tmp_path):
        with pytest.raises(UserError, match="holds no generic_neutral_mesh"):
            IctFace.load(tmp_path)
        broken = tmp_path / "FaceXModel"
        broken.mkdir()
        for path in (clone / "FaceXModel").iterdir():
            (broken / path.name).symlink_to(path)
        (broken / "jawOpen.obj").unlink()
        with pytest.raises(UserError, match="jawOpen.obj: cannot be read"):
            IctFace.load(tmp_path, Cache(tmp_path / "c"))
        still = tmp_path / "still"
        write_clone(still, 1.1 * load_face_model().mean[:468], [[0, 1, 2]], {})
        with pytest.raises(UserError, match="FaceXModel: its expressions hardly move"):
            IctFace.load(still, Cache(tmp_path / "c"))
        (broken / "jawOpen.obj").write_text("v 1 2 3\n")
        with pytest.raises(UserError, match="has 1 vertices"):
            IctFace.load(tmp_path, Cache(tmp_path / "c"))
        (broken / "jawOpen.obj").write_text("v 1 2 x\n")
        with pytest.raises(UserError, match="three numbers"):
            IctFace.load(tmp_path, Cache(tmp_path / "c"))


def test_its_own_shapes(shared, tmp_path, monkeypatch):
    """The real face and expressions, through OBJ files: landmarks within a millimetre, shapes as they are there."""
    with np.load(shared / "models" / "ict_facekit_reference.npz") as data:
        mean, triangles, landmarks = data["mean"].astype(np.float64), data["triangles"], data["landmarks68"]
        shapes = dict(zip(data["expression_names"].tolist(), data["expression"].astype(np.float64), strict=True))
    assert len(mean) == FACE_VERTICES
    monkeypatch.setattr(ict, "NUM_VERTICES", FACE_VERTICES)
    write_clone(tmp_path, mean, triangles.tolist(), shapes, landmarks)
    face = IctFace.load(tmp_path, Cache(tmp_path / "cache"))
    inner = np.array(IBUG68[17:])
    error_mm = 10 * np.linalg.norm(face.mean[inner] - mean[landmarks[17:]] * [1, -1, -1], axis=1)
    assert error_mm.mean() < 0.5
    blink, lips = face.basis[ARKIT52.index("eyeBlinkLeft")], face.basis[0]
    assert (
        np.abs(blink[face.topology.loops["eye_left"]]).max() > 5 * np.abs(blink[face.topology.loops["eye_right"]]).max()
    )
    assert lips[17, 1] > 0.8 > 0.2 > abs(lips[10, 1])  # the jaw opens downwards
    k = ARKIT52.index("mouthSmileLeft")
    theirs, ours = shapes["mouthSmile_L"][landmarks[54]] * [1, -1, -1], face.basis[k][291]
    assert theirs @ ours > 0.98 * np.linalg.norm(theirs) * np.linalg.norm(ours)
    known = load_face_model()  # a coefficient means as much as in the embedded model, in distances of the eyes
    apart = [np.linalg.norm(model.mean[33] - model.mean[263]) for model in (face, known)]
    for name in ("mouthSmileLeft", "noseSneerRight", "jawOpen", "eyeBlinkLeft"):
        k = ARKIT52.index(name)
        sizes = [np.linalg.norm(m.basis[k, :468]) / a for m, a in zip((face, known), apart, strict=True)]
        assert sizes[0] == pytest.approx(sizes[1], rel=0.01), name
