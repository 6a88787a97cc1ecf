"""The encoders' networks: counts, names, shapes; strict loading; what comes out where."""

import pytest

torch = pytest.importorskip("torch")
import numpy as np  # noqa: E402

from ned.encoders.checkpoint import ENCODERS, load_encoder  # noqa: E402
from ned.encoders.deca import Deca, DetailDecoder, Emoca, PerceptualEncoder, Spectre, _coarse  # noqa: E402
from ned.encoders.editions import check_edition  # noqa: E402
from ned.encoders.mobilenet import V3_LARGE, V3_SMALL, MobileNetV2, MobileNetV3Minimal  # noqa: E402
from ned.encoders.parameters import DECA_WIDTHS, unpack_deca  # noqa: E402
from ned.encoders.resnet import ResnetEncoder  # noqa: E402
from ned.encoders.smirk import Smirk  # noqa: E402
from ned.errors import UserError  # noqa: E402


def count(network):
    return sum(p.numel() for p in network.parameters())


def images(frames=1, size=224):
    return torch.rand(frames, 3, size, size, generator=torch.Generator().manual_seed(0))


class TestCounts:
    def test_deca(self):
        encoder = ResnetEncoder(236)
        names = encoder.state_dict()
        assert count(encoder) == 25_848_108 and len(names) == 322
        for name, shape in {
            "encoder.conv1.weight": (64, 3, 7, 7), "encoder.layer1.0.downsample.0.weight": (256, 64, 1, 1),
            "encoder.layer2.0.conv2.weight": (128, 128, 3, 3), "encoder.layer4.2.bn3.running_var": (2048,),
            "layers.0.weight": (1024, 2048), "layers.2.bias": (236,),
        }.items():  # fmt: skip
            assert tuple(names[name].shape) == shape, name
        assert encoder.encoder.layer2[0].conv2.stride == (2, 2) and encoder.encoder.layer2[0].conv1.stride == (1, 1)

    def test_detail_decoder(self):
        decoder = DetailDecoder()
        names = decoder.state_dict()
        assert count(decoder) == 1_773_345 and tuple(names["l1.0.weight"].shape) == (8192, 181)
        assert tuple(names["conv_blocks.2.weight"].shape) == (128, 128, 3, 3)
        assert [m.eps for m in decoder.conv_blocks if hasattr(m, "eps")] == [1e-5] + 5 * [0.8]
        out = decoder.eval()(torch.zeros(2, 3), torch.zeros(2, 50), torch.randn(2, 128))
        assert out.shape == (2, 1, 256, 256) and out.abs().max() <= 0.01

    def test_mobilenets_are_those_of_their_libraries(self):
        """Published counts of the whole networks; of the third ones head and classifier are added here."""
        assert count(MobileNetV2()) == 3_504_872
        large, small = MobileNetV3Minimal(V3_LARGE), MobileNetV3Minimal(V3_SMALL)
        assert (large.width, small.width) == (960, 576)
        assert count(large) + (960 * 1280 + 1280) + (1280 * 1000 + 1000) == 3_924_288
        assert count(small) + (576 * 1024 + 1024) + (1024 * 1000 + 1000) == 2_044_736
        assert "features.1.conv.0.0.weight" in MobileNetV2().state_dict()
        assert {"conv_stem.weight", "blocks.1.0.conv_pwl.weight", "blocks.6.0.conv.weight"} <= set(large.state_dict())

    def test_spectre_and_smirk(self):
        names = PerceptualEncoder().state_dict()
        assert tuple(names["temporal.0.weight"].shape) == (256, 1280, 5) and names["layers.0.bias"].shape == (53,)
        names = Smirk().state_dict()
        assert names["pose_encoder.pose_cam_layers.0.weight"].shape == (6, 576)
        assert names["shape_encoder.shape_layers.0.weight"].shape == (300, 960)
        assert names["expression_encoder.expression_layers.0.weight"].shape == (55, 960)

    def test_same_padding(self):
        """As TensorFlow: an even size with stride 2 is padded at right and bottom alone."""
        from ned.encoders.mobilenet import SameConv2d

        conv = SameConv2d(1, 1, 3, 2, bias=False)
        with torch.no_grad():
            conv.weight.fill_(1.0)
        x = torch.zeros(1, 1, 4, 4)
        x[..., 0, 0] = 1.0
        assert conv(x)[0, 0].tolist() == [[1.0, 0.0], [0.0, 0.0]]
        assert torch.nn.functional.conv2d(x, conv.weight, stride=2, padding=1)[0, 0].tolist() == [[1, 0], [0, 0]]
        x = torch.zeros(1, 1, 4, 4)
        x[..., 2, 2] = 1.0  # in both windows of 0..2, of the second of 2..4
        assert conv(x)[0, 0].tolist() == [[1.0, 1.0], [1.0, 1.0]]


class TestEncode:
    def test_deca(self):
        torch.manual_seed(0)
        network = Deca().eval()
        faces = network.encode(images(2))
        raw = network.E_flame(images(2)).detach().numpy()
        assert np.allclose(faces.shape, raw[:, :100]) and np.allclose(faces.texture, raw[:, 100:150])
        assert np.allclose(faces.expression, raw[:, 150:200]) and np.allclose(faces.global_pose, raw[:, 200:203])
        assert np.allclose(faces.jaw_pose, raw[:, 203:206]) and np.allclose(faces.camera, raw[:, 206:209])
        assert np.allclose(faces.light.reshape(2, 27), raw[:, 209:]) and faces.detail.shape == (2, 128)
        assert sum(DECA_WIDTHS.values()) == 236
        with pytest.raises(ValueError, match="wanted 236"):
            unpack_deca(np.zeros((1, 235)))

    def test_batch_is_frames_one_by_one(self):
        network = ResnetEncoder(8).eval()
        x = images(3, 64)
        with torch.inference_mode():
            assert torch.allclose(network(x), torch.cat([network(x[k : k + 1]) for k in range(3)]), atol=1e-5)

    def test_emoca_and_spectre_replace_expression_and_jaw_alone(self):
        torch.manual_seed(0)
        for kind in (Emoca, Spectre):
            network = kind().eval()
            ours = network.encode(images(2))
            with torch.inference_mode():
                coarse = _coarse(network.E_flame, images(2))
            assert np.array_equal(ours.shape, coarse.shape) and np.array_equal(ours.camera, coarse.camera)
            assert not np.allclose(ours.expression, coarse.expression) and ours.jaw_pose.shape == (2, 3)
        assert (ours.jaw_pose[:, 0] >= 0).all()

    def test_smirk(self):
        torch.manual_seed(0)
        faces = Smirk().eval().encode(images(1))
        assert faces.shape.shape == (1, 300) and faces.expression.shape == (1, 50)
        assert faces.eyelids.min() >= 0 and faces.eyelids.max() <= 1
        assert faces.jaw_pose[0, 0] >= 0 and np.abs(faces.jaw_pose[0, 1:]).max() <= 0.2


class Small(torch.nn.Module):
    """Stands for DECA where only loading is tested."""

    needs = ("E_flame", "E_detail")
    edition = "2020"

    def __init__(self):
        super().__init__()
        self.E_flame, self.E_detail = torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(4)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setitem(ENCODERS, "deca", Small)
    torch.manual_seed(1)
    network = Small()
    return {name: getattr(network, name).state_dict() for name in Small.needs}


class TestLoading:
    @pytest.mark.parametrize("form", ["nested", "flat", "lightning", "old", "zip"])
    def test_forms(self, small, tmp_path, form):
        path = tmp_path / "deca_model.tar"
        flat = {f"deca.{n}.{k}": v for n, state in small.items() for k, v in state.items()}
        held = {"flat": flat, "lightning": {"state_dict": flat, "epoch": 3}}.get(form, small | {"global_step": 7})
        if form == "old":  # files before PyTorch 1.0 know no counters
            held = {n: {k: v for k, v in s.items() if "num_batches" not in k} for n, s in small.items()}
        torch.save(held, path, _use_new_zipfile_serialization=form != "nested")
        network = load_encoder("deca", path)
        assert torch.equal(network.E_flame.weight, small["E_flame"]["weight"]) and not network.training

    def test_exceptions(self, small, tmp_path):
        path = tmp_path / "deca.tar"

        def said(held):
            torch.save(held, path)
            with pytest.raises(UserError, match="deca.tar") as error:
                load_encoder("deca", path)
            return str(error.value)

        assert "lacks E_detail" in said({"E_flame": small["E_flame"]})
        assert "without bias" in said(small | {"E_flame": {"weight": small["E_flame"]["weight"]}})
        assert "unknown more" in said(small | {"E_flame": small["E_flame"] | {"more": torch.zeros(1)}})
        assert "wanted (3, 2)" in said(small | {"E_flame": small["E_flame"] | {"weight": torch.zeros(2, 2)}})
        assert "not finite" in said(small | {"E_flame": small["E_flame"] | {"bias": torch.full((3,), np.nan)}})
        assert "holds no weights" in said([1, 2])
        path.write_bytes(b"\x80\x02cos\nsystem\n(S'true'\ntR.")
        with pytest.raises(UserError, match="read safely"):
            load_encoder("deca", path)
        with pytest.raises(UserError, match="no such file"):
            load_encoder("deca", tmp_path / "none")
        with pytest.raises(UserError, match="unknown encoder"):
            load_encoder("dec", path)

    def test_another_flame(self):
        for kind in ENCODERS:
            check_edition(kind, "2020")
            for edition in ("2023", "2023open"):
                with pytest.raises(UserError, match="speaks FLAME 2020"):
                    check_edition(kind, edition)

    def test_deca_as_it_is(self, tmp_path):
        """The true size, names and shapes, through a file and back."""
        from tests.synthetic import generator

        assert generator  # puts scripts on the path
        from synthetic_deca import deca_states

        path = tmp_path / "deca_model.tar"
        states = deca_states()
        torch.save(states, path)
        network = load_encoder("deca", path)
        assert torch.equal(network.D_detail.l1[0].weight, states["D_detail"]["l1.0.weight"])
        assert 4 < network.encode(images(1)).camera[0, 0] < 12
