"""Meta-training on files of footage, with a learner of two lines; who was seen is on record."""


import pytest
import torch

from ned.errors import ProcessingError, UserError
from ned.files.checkpoint import Checkpoint, TrainingRecord, load_checkpoint, save_checkpoint
from ned.renderer.neural.settings import RendererConfig
from ned.renderer.neural.training.crop_sequences import save_footage
from ned.renderer.neural.training.run import evaluate_checkpoint, train_renderer, unseen_people
from ned.renderer.neural.training.start import build_learner, load_start
from ned.training.loop import BEST, LAST, Schedule
from tests.renderer.neural.synthetic import footage

CONFIG = RendererConfig(size=64, batch=4, learning_rate=0.05, ema=0.9)


@pytest.fixture
def people(tmp_path):
    """Three prepared people."""
    folder = tmp_path / "people"
    folder.mkdir()
    for seed, name in enumerate(("ann", "bob", "eve")):
        save_footage(folder / f"{name}.npz", footage(name, 40, seed=seed))
    return folder


def test_it_trains_measures_and_records_who_was_seen(tmp_path, people, tinted, notes):
    out = tmp_path / "out"
    record = train_renderer(
        CONFIG, (people,), out, Schedule(60, measure_every=30), notes, "ned train", "MIT", ("e*",)
    )
    best = load_checkpoint(out / BEST, "face renderer").record
    assert record.people == best.people == ("ann", "bob") and best.licence == "MIT"
    assert [line.split(":")[0] for line in best.data] == ["ann", "bob"] and "36 frames" in best.data[0]
    assert [len(f) for f in tinted.made[0].footages] == [36, 36]
    figures = dict(record.metrics)
    assert figures["fapd"] < 30 and figures["score"] < 0
    assert len(list((out / "previews").glob("*.png"))) == 2 and sum("held-out MAE" in s for s in notes.said) == 2
    rows, unseen = evaluate_checkpoint(out / BEST, [people])
    assert unseen == {"eve"} and [(r.person, r.method) for r in rows[:2]] == [("ann", "network"), ("ann", "warp")]
    assert len(rows) == 6


def test_it_goes_on_and_from_another_checkpoint(tmp_path, people, tinted):
    train_renderer(CONFIG, (people,), tmp_path / "parts", Schedule(10), hold_out=("ann",))
    train_renderer(CONFIG, (people,), tmp_path / "parts", Schedule(20), hold_out=("ann",))
    train_renderer(CONFIG, (people,), tmp_path / "whole", Schedule(20), hold_out=("ann",))
    parts, whole = (load_checkpoint(tmp_path / n / LAST, "face renderer in training") for n in ("parts", "whole"))
    assert all(torch.equal(parts.tensors[name], whole.tensors[name]) for name in whole.tensors)
    for name in (BEST, LAST):
        start = tmp_path / "whole" / name
        done = train_renderer(CONFIG, (people / "ann.npz",), tmp_path / name, Schedule(1), start=start)
        assert done.people == ("bob", "eve", "ann")
        assert load_start(tmp_path / name / BEST).checkpoint.tensors["renderer.gain"].min() > 0.5


def test_half_the_batch_where_memory_is_short(tmp_path, people, tinted, notes):
    tinted.memory_for = 2
    train_renderer(CONFIG, (people,), tmp_path / "out", Schedule(5), notes)
    assert load_start(tmp_path / "out" / BEST).config.batch == 2
    assert "out of memory with a batch of 4; going on with 2" in notes.said
    train_renderer(CONFIG, (people,), tmp_path / "out", Schedule(7), notes)  # goes on, with the full batch first
    tinted.memory_for = 1
    with pytest.raises(ProcessingError, match="out of memory, even with a batch of 2"):
        train_renderer(CONFIG, (people,), tmp_path / "new", Schedule(5), notes)


def test_what_cannot_be_trained_on_is_refused(tmp_path, people, tinted):
    with pytest.raises(UserError, match="all people are held out"):
        train_renderer(CONFIG, (people,), tmp_path / "out", Schedule(5), hold_out=("*",))
    train_renderer(CONFIG, (people,), tmp_path / "out", Schedule(5))
    with pytest.raises(UserError, match="another configuration"):
        train_renderer(RendererConfig(size=64, base=8), (people,), tmp_path / "out", Schedule(5))
    best, paper = tmp_path / "out" / BEST, RendererConfig("ned2022", 64)
    with pytest.raises(UserError, match="holds candidates, not ned2022"):
        train_renderer(paper, (people,), tmp_path / "x", Schedule(5), start=best)
    other = tmp_path / "manipulator.safetensors"
    save_checkpoint(other, Checkpoint("manipulator", "arkit52", {}, TrainingRecord(), {"w": torch.ones(1)}))
    with pytest.raises(UserError, match="holds a manipulator, not a face renderer"):
        load_start(other)
    odd = tmp_path / "odd.safetensors"
    save_checkpoint(odd, Checkpoint("face renderer", "arkit52", {"size": 7}, TrainingRecord(), {"w": torch.ones(1)}))
    with pytest.raises(UserError, match="size is 7"):
        load_start(odd)
    save_checkpoint(odd, Checkpoint("face renderer", "arkit52", {"size": 64}, TrainingRecord(), {"w": torch.ones(1)}))
    with pytest.raises(UserError, match="lacks tensor"):
        build_learner(CONFIG, [footage()], None, load_start(odd))


def test_people_without_a_record_are_unseen():
    from ned.renderer.neural.training.preparation import by_person

    assert unseen_people(None, by_person([footage("ann"), footage("bob")])) == {"ann", "bob"}


def test_two_processes_train_one_network(tmp_path, people, two_processes):
    """As under torchrun; the first writes, both end with the same weights."""
    done = two_processes(f"""
        from pathlib import Path
        from tests.renderer.neural.tinted import TintLearner
        from ned.renderer.neural.training import start
        from ned.renderer.neural.training.run import train_renderer
        from ned.renderer.neural.settings import RendererConfig
        from ned.training.loop import Schedule
        TintLearner.made = []
        start.learner_class = lambda networks: TintLearner
        config = RendererConfig(size=64, batch=4, learning_rate=0.05)
        train_renderer(config, (Path({str(people)!r}),), Path({str(tmp_path / "out")!r}), Schedule(2))
        print(TintLearner.made[0].config["seed"], TintLearner.made[0].modules["renderer"].gain.tolist())
    """)
    (seed, weights), (other_seed, other_weights) = (said.strip().split(" ", 1) for said in done)
    assert weights == other_weights and seed != other_seed
    assert load_start(tmp_path / "out" / BEST).config == RendererConfig(size=64, batch=4, learning_rate=0.05)


@pytest.mark.parametrize("networks", ["candidates", "ned2022"])
def test_the_networks_themselves_train_go_on_and_paint(tmp_path, people, networks):
    judged = {"adversarial": 0.1, "feature_matching": 1.0, "mouth_adversarial": 0.1}
    config = RendererConfig(networks, size=64, window=32, base=4, batch=2, **judged)
    out = tmp_path / "out"
    first = train_renderer(config, (people,), out, Schedule(2, measure_every=1), hold_out=("eve",))
    assert first.steps == 2 and 0 < dict(first.metrics)["fapd"] < 255
    assert train_renderer(config, (people,), out, Schedule(3), hold_out=("eve",)).steps == 3
    for name in (BEST, LAST):
        rows, unseen = evaluate_checkpoint(out / name, [people / "eve.npz"])
        assert unseen == {"eve"} and rows[0].everything.frames == 4 and rows[0].everything.face.mae < 255
        edits = ["edit", "edit bent"] if networks == "candidates" else []
        assert [row.method for row in rows] == ["network", "warp", *edits]
    (tmp_path / "actor").mkdir()
    more = train_renderer(config, (people / "eve.npz",), tmp_path / "actor", Schedule(1), start=out / BEST)
    assert more.people == ("ann", "bob", "eve")
