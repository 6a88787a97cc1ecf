"""Fine-tuning to an actor: what is kept, what goes on, what is said and refused. The learner has two lines."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ned.errors import UserError
from ned.files.checkpoint import Checkpoint, TrainingRecord, load_checkpoint, save_checkpoint
from ned.renderer.neural.actors import load_actor
from ned.renderer.neural.settings import RendererConfig
from ned.renderer.neural.training import finetuning, preparation
from ned.renderer.neural.training.crop_sequences import load_footage, save_footage
from ned.renderer.neural.training.finetuning import finetune
from ned.renderer.neural.training.preview import HeldOut
from ned.training.loop import LAST
from ned.workspace import alone_in
from tests.renderer.neural.synthetic import footage

CONFIG = RendererConfig(size=64, batch=4, learning_rate=0.05, ema=0.9)
MINUTES = 0.04
"""By the clock of the tests: about 40 steps of the tint."""

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def meta(tmp_path):
    """A checkpoint of the tint."""
    path = tmp_path / "meta.safetensors"
    tensors = {"renderer.gain": torch.full((3,), 0.7), "renderer.offset": torch.zeros(3)}
    record = TrainingRecord(people=("zoe",))
    save_checkpoint(path, Checkpoint("face renderer", "arkit52", CONFIG.plain(), record, tensors))
    return path


@pytest.fixture
def videos(tmp_path, monkeypatch):
    """Three files, and synthetic footage for them: (frames, people in the video) by stem. In `more` the person of the
    others is number 2."""
    shown = {"talk": (200, 1), "more": (400, 2), "short": (40, 1)}

    def cut_footage(video, size, progress, person=None, number=None):
        frames, people = shown[video.stem]
        return footage(video.stem, frames, size, seed=7 if video.stem == "more" and number != 2 else 0, people=people)

    monkeypatch.setattr(preparation, "cut_footage", cut_footage)
    monkeypatch.setattr(finetuning, "person_like", lambda video, _, progress: 2 if video.stem == "more" else None)
    for stem in shown:
        (tmp_path / f"{stem}.mp4").write_bytes(stem.encode())
    return {stem: tmp_path / f"{stem}.mp4" for stem in shown}


def test_an_actor_comes_out_that_beats_the_warp_or_says_not(data_root, meta, videos, tinted, notes):
    actor = finetune([videos["talk"], videos["more"]], "ann", MINUTES, notes, meta)
    assert load_actor("ann").record == actor.record and actor.record.videos == ("talk.mp4", "more.mp4")
    assert actor.record.seconds == 24 and actor.record.strength == 1 and 30 < actor.record.steps < 50
    assert [len(load_footage(path)) for path in actor.footage] == [200, 400]
    best = load_checkpoint(actor.weights, "face renderer")
    assert best.record.people == ("zoe", "ann") and dict(best.record.metrics)["fapd"] == actor.record.fapd
    assert best.tensors["renderer.gain"].min() > 0.75  # it learnt
    assert [len(f) for f in tinted.made[-1].footages] == [540]  # not the last tenth of either
    said = " ".join(notes.said)
    assert "people" not in said and "another person" not in said  # the second of `more` is who is in `talk`
    assert ("no GPU: training on 2 cores" in said) != torch.cuda.is_available()
    assert len(list((actor.folder / "previews").glob("preview_*.png"))) >= 1 and "held-out MAE" in said


def test_whom_the_videos_show_is_said(data_root, meta, videos, tinted, notes, monkeypatch):
    finetune([videos["more"]], "ann", MINUTES, notes, meta)
    assert "more.mp4: 2 people; learnt is the most prominent, or pass --person" in " ".join(notes.said)
    notes.said.clear()
    monkeypatch.setattr(finetuning, "person_like", lambda video, appearance, progress: None)
    finetune([videos["talk"], videos["more"]], "bob", MINUTES, notes, meta)
    assert "more.mp4: looks like another person than talk.mp4; one actor is one person" in " ".join(notes.said)


def test_several_long_videos_do_not_fill_the_memory(data_root, meta, videos, tinted, monkeypatch):
    monkeypatch.setattr(finetuning, "MOST_FRAMES", 120)
    actor = finetune([videos["talk"], videos["more"]], "ann", MINUTES, weights=meta)
    assert sum(len(f) for f in tinted.made[-1].footages) <= 120 and actor.record.seconds == 24


def test_the_same_call_goes_on_and_more_minutes_go_further(data_root, meta, videos, tinted):
    first = finetune([videos["talk"]], "ann", MINUTES, weights=meta)
    again = finetune([videos["talk"]], "ann", MINUTES, weights=meta)
    assert again.record.steps == first.record.steps and tinted.made[-1].steps == 0
    more = finetune([videos["talk"]], "ann", 2 * MINUTES, weights=meta)
    assert more.record.steps == first.record.steps + tinted.made[-1].steps > first.record.steps


def test_what_is_kept_never_gets_worse(data_root, meta, videos, tinted, monkeypatch):
    """Best is by face and mouth together; either alone may get worse."""
    kept = []
    for minutes, said in ((MINUTES, -5.0), (2 * MINUTES, -6.0), (3 * MINUTES, -4.0)):
        held = HeldOut.__call__

        def figures(self, learner, held=held, said=said):
            return held(self, learner) | {"score": said}

        with monkeypatch.context() as patch:
            patch.setattr(HeldOut, "__call__", figures)
            actor = finetune([videos["talk"]], "ann", minutes, weights=meta)
        kept.append(dict(load_checkpoint(actor.weights, "face renderer").record.metrics)["score"])
    assert kept == [-5.0, -5.0, -4.0]


def test_another_actor_of_the_name_is_not_overwritten_unasked(data_root, meta, videos, tinted):
    first = finetune([videos["talk"]], "ann", MINUTES, weights=meta)
    with pytest.raises(UserError, match="'ann' was made of other footage or weights; choose another --name, or pass"):
        finetune([videos["more"]], "ann", MINUTES, weights=meta)
    assert load_actor("ann").record == first.record
    other = finetune([videos["more"]], "ann", MINUTES, weights=meta, overwrite=True)
    assert load_actor("ann").record == other.record and other.record.videos == ("more.mp4",)
    assert len(list((other.folder / "crops").iterdir())) == 1


def test_little_footage_is_said_and_gets_less_strength(data_root, meta, videos, tinted, notes, monkeypatch):
    actor = finetune([videos["talk"]], "ann", MINUTES, notes, meta)
    assert actor.record.strength == 8 / finetuning.ENOUGH_S
    assert any("8.0 s of footage, 10 s are enough: what is learnt counts 80%" in said for said in notes.said)
    with pytest.raises(UserError, match="seen for 1.6 s, 2 s are the least, 10 s are enough; give a longer video"):
        finetune([videos["short"]], "bob", MINUTES, notes, meta)
    assert finetune([videos["talk"]], "bob", MINUTES, weights=meta).record.name == "bob"  # nothing was made of it


def test_prepared_crops_are_copied_into_the_actor(data_root, meta, tmp_path, tinted):
    save_footage(tmp_path / "crops.npz", replace(footage(frames=80), source="talk.mp4"))
    actor = finetune([tmp_path / "crops.npz"], "ann", MINUTES, weights=meta)
    (tmp_path / "crops.npz").unlink()
    assert len(load_footage(load_actor("ann").footage[0])) == 80 and actor.record.size == 64


def test_bad_input_is_refused_before_any_work(data_root, meta, videos, tinted, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="no such video"):
        finetune([tmp_path / "none.mp4"], "ann", MINUTES, weights=meta)
    with pytest.raises(UserError, match="cannot be an actor's name"):
        finetune([videos["talk"]], "../ann", MINUTES, weights=meta)
    meta.write_bytes(meta.read_bytes()[:-4])
    with pytest.raises(UserError, match="meta.safetensors: differs from its entry in manifest.json"):
        finetune([videos["talk"]], "ann", MINUTES, weights=meta)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(UserError, match="meta.safetensors: is damaged"):
        finetune([videos["talk"]], "ann", MINUTES, weights=meta)
    monkeypatch.setattr(finetuning, "SHIPPED", tmp_path / "none.safetensors")
    with pytest.raises(UserError, match="no trained renderer is shipped with this ned; pass --weights"):
        finetune([videos["talk"]], "ann", MINUTES)
    assert not data_root.exists()


def test_two_runs_do_not_share_an_actor(data_root, meta, videos, tinted):
    with alone_in(data_root / "actors" / "ann", "ann"), pytest.raises(UserError, match="another run of ned"):
        finetune([videos["talk"]], "ann", MINUTES, weights=meta)


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_was_stopped_goes_on(data_root, meta, tmp_path, tinted, sign):
    """Checkpoints each 0.2 s in place of each 50."""
    save_footage(tmp_path / "crops.npz", footage(frames=80))
    code = textwrap.dedent(f"""
        import signal, sys
        sys.path.insert(0, {str(Path(__file__).parents[4])!r})
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from pathlib import Path
        from tests.renderer.neural.tinted import TintLearner
        from ned.renderer.neural.training import finetuning
        from ned.renderer.neural.training import start
        start.learner_class = lambda networks: TintLearner
        finetuning.LOOK_S = 0.2
        finetuning.finetune([Path({str(tmp_path / "crops.npz")!r})], "ann", 5.0, weights=Path({str(meta)!r}))
    """)
    running = subprocess.Popen([sys.executable, "-c", code], env=os.environ, stderr=subprocess.PIPE, text=True)
    last = data_root / "actors" / "ann" / "training" / LAST
    ends = time.monotonic() + 60
    while not last.exists() and running.poll() is None and time.monotonic() < ends:
        time.sleep(0.05)
    running.send_signal(sign)
    said = running.communicate(timeout=60)[1]
    assert last.exists() and running.returncode != 0, said
    before = load_checkpoint(last, "face renderer in training").record
    actor = finetune([tmp_path / "crops.npz"], "ann", before.seconds / 60 + MINUTES, weights=meta)
    assert before.steps > 0 and actor.record.steps == before.steps + tinted.made[-1].steps
    assert actor.record.minutes * 60 < before.seconds + 60 * MINUTES + 5
