"""`ned process`: options, several videos, the last line."""

import re
from pathlib import Path

from ned.cli import main
from ned.config import ProcessConfig
from ned.errors import UserError
from tests.cli.results import result_of


def test_process(clip, pipeline, capsys):
    options = clip.parent / "o.yaml"
    options.write_text("emotion: sad\nintensity: 0.5\ncompare: true\n")
    assert main(["process", str(clip), "-c", str(options), "--emotion", "fear", "--report"]) == 0
    config = pipeline.asked[0]
    assert config == ProcessConfig.build(input=clip, emotion="fear", intensity=0.5, compare=True, report=True)
    *others, last = capsys.readouterr().out.splitlines()
    assert {Path(line).name for line in others} == {"talk_fear_compare.mp4", "talk_fear_report.html"}
    output = re.escape(str(clip.with_name("talk_fear.mp4")))
    said = r"person 1 in 40 of 50 frames \(fear, intensity 0\.5\), [\d.]+ s, [\d.]+× real time"
    assert re.fullmatch(f"{output}: {said}", last)


def test_many_videos(clip, pipeline, capsys):
    folder, out = clip.parent, clip.parent / "out"
    for name in ("b.mov", "bad.mkv", "talk_happy.mp4", "notes.txt"):  # the third is the output of the clip
        (folder / name).write_bytes(b"x")

    def act(config):
        if config.input.stem == "bad":
            raise UserError("no face was found", path=config.input)
        return result_of(config)

    pipeline.act = act
    assert main(["process", str(folder), "-o", str(out), "--quiet", "--emotion", "happy"]) == 1
    said, errors = capsys.readouterr()
    assert [config.input.name for config in pipeline.asked] == ["b.mov", "bad.mkv", "talk.mp4", "talk_happy.mp4"]
    assert pipeline.asked[0].output == out / "b_happy.mov"
    assert "3 done, 0 done before, 1 failed" in said and errors.count("no face was found") == 1
    pipeline.asked.clear()
    assert main(["process", str(folder), "--quiet"]) in (0, 1)
    assert "talk_happy.mp4" not in [config.input.name for config in pipeline.asked]
    (folder / "b.mp4").write_bytes(b"x")
    assert main(["process", str(folder / "b*.m*"), str(folder / "b.mp4"), "-o", str(out), "--encoder", "ffv1"]) == 2
    assert "would be the output of both" in capsys.readouterr().err


def test_process_without_a_change(clip, pipeline, capsys):
    pipeline.act = lambda config: result_of(config, 0)
    assert main(["process", str(clip), "--quiet", "--no-cache"]) == 0
    out, error = capsys.readouterr()
    assert "none of 50 frames changed" in out and not error and pipeline.asked[0].cache is False
