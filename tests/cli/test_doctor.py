"""`ned doctor`, and the README beside `--help`."""

import re
from pathlib import Path

from ned.cli import main


def test_doctor(monkeypatch, capsys):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    for word in ("python", "numpy", "mediapipe", "torch", "ffmpeg", "libx264", "canonical.npz", "SHA-256", "free disk"):
        assert word in out
    from ned.cli import doctor

    def broken():
        raise RuntimeError("two\nlines")
        yield

    monkeypatch.setattr(doctor, "CHECKS", (broken,))
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "PROBLEM broken" in out and "RuntimeError: two lines" in out and "→" in out


def test_readme_and_how_tos_name_only_what_exists(capsys):
    root = Path(__file__).parents[2]
    pages = [root / "README.md", root / "docs/use.md", root / "docs/start.md", *(root / "docs/howto").glob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    inner = ("evaluate video", "evaluate panel make", "evaluate manipulator", "evaluate renderer", "models list",
             "evaluate protocol spfem")  # fmt: skip
    for command in ("process", "still", "analyse", "convert", "verify", "sample", "finetune", "train", *inner):
        assert main([*command.split(), "--help"]) == 0
    known = capsys.readouterr().out
    flags = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    assert flags and all(flag in known for flag in flags)


def test_flame_s_folder(flame_folder, tmp_path, monkeypatch):
    from ned.cli import doctor

    monkeypatch.delenv("NED_FLAME", raising=False)
    assert "none named by NED_FLAME" in next(doctor._flame()).said
    monkeypatch.setenv("NED_FLAME", str(flame_folder))
    said = next(doctor._flame()).said
    assert "model generic_model.pkl" in said and "landmarks landmark_embedding.npy" in said and "smirk" in said
    monkeypatch.setenv("NED_FLAME", str(tmp_path))
    found = next(doctor._flame())
    assert "holds no FLAME model" in found.said and found.remedy and not found.essential
