"""Edits every clip of a folder to every emotion and measures the results beside the originals.

    python scripts/evaluate/clips.py CLIPS [--judge expression-faceapi] [--emotions happy sad] [--out DIR]
        [--set renderer=neural]

What is measured is what `ned evaluate video` measures; the judge of the emotion and the landmarker are models of
`ned models`, and share no code or weights with the editing. Prints one row a clip and emotion, then the summary
against the bars; keeps everything in OUT/results.json so that a broken-off run goes on.
"""

from __future__ import annotations

import argparse
import json
import statistics
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

EMOTIONS = ("happy", "neutral", "angry", "sad", "surprised", "fear", "disgusted")
TARGET_BARS = {"happy": 0.90, "neutral": 0.78, "angry": 0.63, "sad": 0.57, "surprised": 0.56}
SIGNATURE_BARS = {"fear": 0.15, "disgusted": 0.15}
SHOWN = ("target_hit_original", "target_hit", "signature_gain", "jaw_pcc", "closures_kept", "blink_pcc",
         "sharpness_ratio", "flicker_ratio", "psnr_outside")  # fmt: skip
VIDEO_SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi"}


def edit_and_judge(
    clip: Path, emotions: list[str | None], judge: str, out: Path, options: dict[str, str]
) -> list[dict]:
    """One clip to each of some emotions; None is a plain transcode with the same encoder settings."""
    import ned
    from ned.evaluation.judges import find_judges
    from ned.evaluation.pairs import Pair
    from ned.evaluation.video import evaluate_videos

    pairs = []
    for emotion in emotions:
        edited = out / f"{clip.stem}_{emotion or 'transcode'}{clip.suffix}"
        chosen = options if emotion else {"intensity": "0"}
        ned.process(clip, output=edited, emotion=emotion or "neutral", overwrite=True, **chosen)
        pairs.append(Pair(clip, edited, emotion))
    results = []
    for measured in evaluate_videos(pairs, find_judges()).measured:
        figures = {name.removesuffix(f"@{judge}"): value for name, value in measured.row.figures.items()}
        results.append({"clip": clip.stem, "emotion": measured.pair.target or "transcode"} | figures)
    return results


def summarise(results: list[dict]) -> str:
    """The figures against their bars, one line each, over the results that have them; how many have none is said."""
    known = lambda key, rows: [r[key] for r in rows if r.get(key) is not None]  # noqa: E731
    by = lambda emotion: [r for r in results if r["emotion"] == emotion]  # noqa: E731
    edits = [r for r in results if r["emotion"] != "transcode"]
    lines = []

    def row(name: str, value: float, bar: str, ok: bool) -> None:
        lines.append(f"{name:34s} {value:8.3f}   {bar:12s} {'reached' if ok else 'NOT REACHED'}")

    for key, bars in (("target_hit", TARGET_BARS), ("signature_gain", SIGNATURE_BARS)):
        for emotion, bar in bars.items():
            if values := known(key, by(emotion)):
                value = statistics.mean(values)
                row(f"{key} {emotion}, mean", value, f">= {bar}", value >= bar)

    def spread(key: str, rows: list[dict], bar: float, worst_bar: float | None, label: str = "") -> None:
        values = known(key, rows)
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
        values = known(key, edits)
        if not values:
            continue
        share = sum(low <= v <= high for v in values) / len(values)
        middle = statistics.median(values)
        row(f"{key}, median", middle, f"{low}-{high}", low <= middle <= high)
        row(f"{key}, most", max(values), f"<= {high}", max(values) <= high)
        row(f"{key}, share within", share, f"{low}-{high}", share == 1.0)
    plain = {r["clip"]: r["psnr_outside"] for r in by("transcode") if "psnr_outside" in r}
    losses = [plain[r["clip"]] - r["psnr_outside"] for r in edits if r["clip"] in plain and "psnr_outside" in r]
    if losses:
        row("psnr_outside lost, worst (dB)", max(losses), "<= 0.5", max(losses) <= 0.5)
    for key in ("same_frames", "same_size", "audio_identical"):
        if edits:
            share = sum(bool(r.get(key)) for r in edits) / len(edits)
            row(f"{key}, share", share, "= 1", share == 1.0)
    if shifts := known("max_time_shift_ms", edits):
        row("max_time_shift_ms, worst", max(shifts), "< 1", max(shifts) < 1)
    lines += [f"not compared: {r['clip']} to {r['emotion']}" for r in edits if r.get("jaw_pcc") is None]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+", help="folders of clips, or clips")
    parser.add_argument("--judge", default="expression-faceapi", help="a model of `ned models list`")
    parser.add_argument("--emotions", nargs="+", default=list(EMOTIONS), choices=EMOTIONS)
    parser.add_argument("--out", type=Path, default=Path("evaluation"))
    parser.add_argument("--set", nargs="+", default=[], metavar="OPTION=VALUE", help="further options of ned process")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--no-transcode", action="store_true", help="leave out the transcodes that psnr needs")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results in OUT")
    args = parser.parse_args()
    from ned.models import find_model, model_named
    from ned.models.store import why_absent

    for name in (args.judge, "face-landmarker"):
        if find_model(model_named(name)) is None:
            parser.error(why_absent(model_named(name)))
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
    with ProcessPoolExecutor(args.jobs) as pool:
        jobs = []
        for clip in clips:
            todo = [e for e in emotions if (clip.stem, e or "transcode") not in done]
            if todo:
                jobs.append(pool.submit(edit_and_judge, clip, todo, args.judge, args.out, options))
        for job in jobs:
            results += job.result()
            store.write_text(json.dumps(results))
            for r in results[-len(job.result()) :]:
                cells = [f"{name} {r[name]:.3f}" for name in SHOWN if name in r]
                print(f"{r['clip']:20s} {r['emotion']:10s} " + "  ".join(cells), flush=True)
    print("\n" + summarise([r for r in results if r["emotion"] in {e or "transcode" for e in emotions}]))


if __name__ == "__main__":
    main()
