"""Edits every clip of a folder to every emotion and judges the results with an independent judge.

    python scripts/evaluate/clips.py CLIPS --judge path/to/judge.py [--emotions happy sad] [--out DIR]
        [--set renderer=neural]

The judge is a Python file with `judge(original, edited, target, cache) -> dict` and
`EMOTIONS`; it shares no code with ned. Prints one row a clip and emotion, then the summary against
the bars; keeps everything in OUT/results.json so that a broken-off run goes on.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

EMOTIONS = ("happy", "neutral", "angry", "sad", "surprised", "fear", "disgusted")
TARGET_BARS = {"happy": 0.90, "neutral": 0.78, "angry": 0.63, "sad": 0.57, "surprised": 0.56}
SIGNATURE_BARS = {"fear": 0.15, "disgusted": 0.15}
VIDEO_SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi"}


def load_judge(path: Path):
    spec = importlib.util.spec_from_file_location("judge", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def edit_and_judge(clip: Path, emotion: str | None, judge_path: Path, out: Path, options: dict[str, str]) -> dict:
    """One clip to one emotion; with `emotion` None a plain transcode with the same encoder settings."""
    import ned

    name = emotion or "transcode"
    edited = out / f"{clip.stem}_{name}{clip.suffix}"
    options = options if emotion else {"intensity": "0"}
    ned.process(clip, output=edited, emotion=emotion or "neutral", overwrite=True, **options)
    judge = load_judge(judge_path)
    result = judge.judge(str(clip), str(edited), emotion, str(out / "originals"))
    return {"clip": clip.stem, "emotion": name} | result


def summarise(results: list[dict]) -> str:
    """The figures against their bars, one line each."""
    by = lambda emotion: [r for r in results if r["emotion"] == emotion]  # noqa: E731
    edits = [r for r in results if r["emotion"] != "transcode"]
    lines = []

    def row(name: str, value: float, bar: str, ok: bool) -> None:
        lines.append(f"{name:34s} {value:8.3f}   {bar:12s} {'reached' if ok else 'NOT REACHED'}")

    for emotion, bar in TARGET_BARS.items():
        if by(emotion):
            value = statistics.mean(r["target_hit"] for r in by(emotion))
            row(f"target_hit {emotion}, mean", value, f">= {bar}", value >= bar)
    for emotion, bar in SIGNATURE_BARS.items():
        if by(emotion):
            value = statistics.mean(r["signature_gain"] for r in by(emotion))
            row(f"signature_gain {emotion}, mean", value, f">= {bar}", value >= bar)

    def spread(key: str, rows: list[dict], bar: float, worst_bar: float | None, label: str = "") -> None:
        values = [r[key] for r in rows if r.get(key) is not None]
        if not values:
            return
        middle = statistics.median(values)
        row(f"{key}{label}, median", middle, f">= {bar}", middle >= bar)
        if worst_bar is not None:
            row(f"{key}{label}, worst", min(values), f">= {worst_bar}", min(values) >= worst_bar)

    spread("jaw_pcc", edits, 0.97, 0.90)
    spread("closures_kept", [r for r in edits if r["emotion"] != "surprised"], 0.97, 0.90)
    spread("closures_kept", by("surprised"), 0.80, None, " surprised")
    spread("blink_pcc", edits, 0.95, None)
    for key, low, high in (("sharpness_ratio", 0.9, 1.15), ("flicker_ratio", 0.0, 1.15)):
        values = [r[key] for r in edits]
        share = sum(low <= v <= high for v in values) / len(values)
        middle = statistics.median(values)
        row(f"{key}, median", middle, f"{low}-{high}", low <= middle <= high)
        row(f"{key}, worst", max(values), f"<= {high}", share == 1.0)
        row(f"{key}, share within", share, f"{low}-{high}", share == 1.0)
    plain = {r["clip"]: r["psnr_outside"] for r in by("transcode")}
    losses = [plain[r["clip"]] - r["psnr_outside"] for r in edits if r["clip"] in plain]
    if losses:
        row("psnr_outside lost, worst (dB)", max(losses), "<= 0.5", max(losses) <= 0.5)
    for key in ("same_frames", "same_size", "audio_identical"):
        share = sum(bool(r[key]) for r in edits) / len(edits)
        row(f"{key}, share", share, "= 1", share == 1.0)
    shift = max(r["max_time_shift_ms"] for r in edits)
    row("max_time_shift_ms, worst", shift, "< 1", shift < 1)
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+", help="folders of clips, or clips")
    parser.add_argument("--judge", type=Path, required=True)
    parser.add_argument("--emotions", nargs="+", default=list(EMOTIONS), choices=EMOTIONS)
    parser.add_argument("--out", type=Path, default=Path("evaluation"))
    parser.add_argument("--set", nargs="+", default=[], metavar="OPTION=VALUE", help="further options of ned process")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--no-transcode", action="store_true", help="leave out the transcodes that psnr needs")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results in OUT")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    options = dict(text.split("=", 1) for text in args.set)
    clips = [
        c
        for p in args.clips
        for c in (sorted(x for x in p.iterdir() if x.suffix in VIDEO_SUFFIXES) if p.is_dir() else [p])
    ]
    store = args.out / "results.json"
    results = [] if args.fresh or not store.exists() else json.loads(store.read_text())
    done = {(r["clip"], r["emotion"]) for r in results}
    emotions = [*args.emotions] + ([] if args.no_transcode else [None])
    todo = [(c, e) for c in clips for e in emotions if (c.stem, e or "transcode") not in done]
    with ProcessPoolExecutor(args.jobs) as pool:
        jobs = [pool.submit(edit_and_judge, c, e, args.judge, args.out, options) for c, e in todo]
        for job in jobs:
            r = job.result()
            results.append(r)
            store.write_text(json.dumps(results, default=str))
            cells = [f"{k} {r[k]:.3f}" for k in (
                "target_hit_original", "target_hit", "signature_gain", "jaw_pcc", "closures_kept", "blink_pcc",
                "sharpness_ratio", "flicker_ratio", "psnr_outside",
            ) if r.get(k) is not None]  # fmt: skip
            print(f"{r['clip']:20s} {r['emotion']:10s} " + "  ".join(cells), flush=True)
    print("\n" + summarise([r for r in results if r["emotion"] in {e or "transcode" for e in emotions}]))


if __name__ == "__main__":
    main()
