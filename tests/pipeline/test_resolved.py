"""What a run comes to, and what its key and its manifest say of it."""

from dataclasses import replace

import pytest
import torch

from ned.config import ProcessConfig
from ned.pipeline.resolved import OWN, key_of, resolve
from ned.pipeline.statement import statement
from ned.workspace import open_job

TYPES = {True: "compositeWithTrainedAlgorithmicMedia", False: "compositeSynthetic"}


@pytest.fixture
def video(tmp_path):
    (tmp_path / "in.mp4").write_bytes(b"a video")
    return tmp_path / "in.mp4"


@pytest.fixture
def gpu(monkeypatch):
    """Call it to have one, or none."""

    def set_gpu(there):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda *_: "Card 1")

    return set_gpu


def _config(video, **options):
    return ProcessConfig.build(input=video, **options)


@pytest.mark.parametrize("renderer", ["auto", "warp", "neural"])
@pytest.mark.parametrize("manipulator", ["learned", "prototypes", "vitl", None])
@pytest.mark.parametrize("there", [True, False])
def test_the_manifest_says_what_was_done(video, tmp_path, gpu, renderer, manipulator, there):
    """Every renderer with every manipulator and with a file of expressions, with a GPU and without."""
    gpu(there)
    options = {"manipulator": manipulator} if manipulator else {"expression": tmp_path / "e.csv"}
    config = _config(video, renderer=renderer, **options)
    run = resolve(config)
    neural = renderer == "neural" or (renderer == "auto" and there)
    assert run.renderer == ("neural" if neural else "warp")
    said = statement(config, run, [], 10)
    assert said.learned == (neural or manipulator == "learned")
    assert said.parameters["renderer"] == run.renderer and said.parameters.get("manipulator") == manipulator
    assert len(said.parameters["renderer_weights"]) == 64 if neural else "renderer_weights" not in said.parameters
    actions = replace(said, said="to happy").actions(beside=False)
    (edited,) = [action for action in actions if action["action"] == "c2pa.edited"]
    assert edited["digitalSourceType"].endswith("/" + TYPES[said.learned])
    assert run.device == ("Card 1" if neural and there else "cpu")


def test_going_on_without_the_gpu_is_other_work(video, gpu):
    gpu(True)
    config, forced = _config(video), _config(video, renderer="neural")
    with_card, neural = key_of(config, resolve(config)), key_of(forced, resolve(forced))
    assert with_card == neural  # what was left open came to the same
    gpu(False)
    assert key_of(config, resolve(config)) != with_card and key_of(forced, resolve(forced)) != neural
    warp = _config(video, renderer="warp")
    before = key_of(warp, resolve(warp))
    gpu(True)
    assert key_of(warp, resolve(warp)) == before  # which has no use for a GPU


def test_pieces_of_another_device_are_not_joined(video, tmp_path, gpu):
    output = tmp_path / "out.mp4"
    config = _config(video, output=output, renderer="neural")
    gpu(True)
    with pytest.raises(SystemExit), open_job(output, key_of(config, resolve(config))) as job:
        (job.folder / "video-000000000@0.nut").write_bytes(b"painted by a card")
        raise SystemExit
    with pytest.raises(SystemExit), open_job(output, key_of(config, resolve(config))) as job:
        assert not job.replaced and list(job.folder.glob("*.nut"))  # the same card: goes on
        raise SystemExit
    gpu(False)
    with open_job(output, key_of(config, resolve(config))) as job:
        assert job.replaced and not list(job.folder.glob("*.nut"))


def test_why_is_said_where_it_was_left_open(video, gpu):
    gpu(False)
    assert "renderer: warp, since there is no GPU (--renderer neural" in resolve(_config(video)).why
    assert not resolve(_config(video, renderer="warp")).why
    gpu(True)
    assert "renderer: neural, since there is a GPU" in resolve(_config(video)).why


def test_a_place_is_what_the_manifest_says(video, gpu):
    gpu(False)
    config = _config(video, arousal=-0.5)
    said = statement(config, resolve(config), [], 10).parameters
    assert (said["valence"], said["arousal"], said["manipulator"]) == ("0.0", "-0.5", "vitl") and "emotion" not in said
    assert len(said["manipulator_weights"]) == 64


def test_a_timeline_is_told_in_words_and_without_folders(video, tmp_path, gpu):
    gpu(False)
    entries = [{"time": 0, "emotion": "sad"}, {"time": 2, "reference": str(tmp_path / "private" / "clip.mp4")}]
    config = _config(video, timeline=entries, seed=3)
    said = statement(config, resolve(config), [], 10)
    assert said.parameters["timeline"] == "sad to clip.mp4" and "emotion" not in said.parameters
    assert not any(str(tmp_path) in value for value in said.parameters.values())
    assert said.parameters["seed"] == "3"


def test_weights_are_known_by_their_content(video, tmp_path, gpu):
    gpu(False)
    assert resolve(_config(video, finetune_minutes=1.0)).renderer_weights == OWN
    weights = tmp_path / "m.safetensors"
    weights.write_bytes(b"one")
    config = _config(video, manipulator_weights=weights)
    before = key_of(config, resolve(config))
    weights.write_bytes(b"two")
    assert key_of(config, resolve(config)) != before
    assert resolve(config).facts()["version of torch"].split("+")[0] == torch.__version__.split("+")[0]
