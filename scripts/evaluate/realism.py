"""Are edits taken for real? Edits clips to six emotions, measures the edits, and makes a blind panel of them.

    python scripts/evaluate/realism.py CLIPS --untouched FOLDER [--reference real_faces.npz] [--emotions happy sad]
        [--set renderer=neural] [--out realism]

CLIPS is a folder of videos of single persons. Prints the figures of `ned evaluate video` over all clips (whole in
OUT/figures.csv and .json), and makes OUT/panel as `ned evaluate panel make` does, of strips of all edits, and among
them, one in five, untouched ones: half of the same people, half of other clips. FOLDER holds those; their emotion is a
word of the file's name (talk_happy.mp4), or neutral. Once viewers' answers lie in OUT/panel/viewerN/answers.csv the
same call prints the panel's score too. What is in OUT is not made again: for other options, or another state of the
code, name another.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path

import numpy as np

import ned
from ned.emotions import EMOTIONS
from ned.errors import NedError, UserError
from ned.evaluation.distance import load_reference
from ned.evaluation.judges import find_judges
from ned.evaluation.pairs import Pair
from ned.evaluation.panel import images, making, scoring
from ned.evaluation.panel.items import Item
from ned.evaluation.table import as_csv, as_json, distance_lines
from ned.evaluation.video import Evaluation, evaluate_videos
from ned.files.atomic import write_text
from ned.runtime.progress import Progress, for_stream
from ned.workspace import default_output
from ned.workspace.inputs import expand

SIX = tuple(e for e in EMOTIONS if e != "neutral")
SHOWN = ("jaw_pcc", "mouth_width_pcc", "closures_kept", "blink_pcc", "sharpness_ratio", "flicker_ratio",
         "real_distance", "real_distance_original")  # fmt: skip
EDITS_AN_UNTOUCHED = 4
TRIES = 8
"""Places in a clip that are looked at for a face."""


def edit(clips: list[Path], emotions: list[str], options: dict[str, str], folder: Path) -> list[Pair]:
    """An edit of every clip to every emotion; what cannot be edited is said and left out."""
    pairs = []
    for clip in clips:
        for emotion in emotions:
            pair = Pair(clip, folder / default_output(clip, emotion).name, emotion)
            try:
                if not pair.edited.exists():  # an output appears only when it is whole
                    ned.process(clip, output=pair.edited, emotion=emotion, **options)
                pairs.append(pair)
            except NedError as error:
                print(f"left out: {clip.name} to {emotion}: {error}", file=sys.stderr)
    return pairs


def as_text(found: Evaluation) -> str:
    """Median and worst of each figure by emotion, beside plain transcodes; then the distances to real faces."""
    kinds = [row.target or "" if row.kind == "edit" else row.kind for row in found.rows]
    heads = [head for head in ("transcode", *SIX) if head in kinds]
    lines = ["median (worst) over clips".ljust(26) + "".join(f"{head:>17s}" for head in heads)]
    for name in SHOWN:
        cells = []
        for head in heads:
            rows = [row for row, kind in zip(found.rows, kinds, strict=True) if kind == head]
            values = np.array([row.figures[name] for row in rows if name in row.figures])
            cells.append(f"{np.median(values):.3f} ({_worst(name, values):.3f})" if len(values) else "–")
        lines.append(name.ljust(26) + "".join(f"{cell:>17s}" for cell in cells))
    for row in found.rows:
        if row.kind == "edit" and "jaw_pcc" in row.missing:
            lines.append(f"not measured: {row.edited}: {row.missing['jaw_pcc']}")
    return "\n".join(lines + [line for distance in found.distances for line in ["", *distance_lines(distance)]]) + "\n"


def _worst(name: str, values: np.ndarray) -> float:
    if name.endswith("_ratio"):
        return float(values[np.abs(values - 1).argmax()])
    return float(values.max() if name.startswith("real_distance") else values.min())


def choose(pairs: list[Pair], others: list[Path], seed: int) -> list[Item]:
    """All edits, and an untouched strip for every four: of the same people and of others by turns, everywhere from
    places of chance, so that nobody sees one moment of a person in two ways."""
    rng = np.random.default_rng(seed)
    wanted = [("edit", pair.target or "", pair.edited, pair.original) for pair in pairs]
    same = [("same people", "neutral", clip, clip) for clip in dict.fromkeys(pair.original for pair in pairs)]
    other = [("other clips", emotion_of(clip), clip, clip) for clip in others]
    for k in range(-(-len(pairs) // EDITS_AN_UNTOUCHED)):
        group = other if k % 2 else same
        if k // 2 % len(group) == 0:
            rng.shuffle(group)
        wanted.append(tuple(group[k // 2 % len(group)]))
    items = []
    for kind, emotion, shown, guide in wanted:
        item = _with_face(Item(kind, emotion, shown, guide, person=guide.stem), rng)
        if item is None:
            print(f"no face for a strip: {shown}", file=sys.stderr)
        else:
            items.append(item)
    return items


def emotion_of(clip: Path) -> str:
    """The first emotion that is a word of the file's name, else neutral."""
    return next((word for word in re.split(r"[\W_]+", clip.stem.lower()) if word in EMOTIONS), "neutral")


def _with_face(item: Item, rng: np.random.Generator) -> Item | None:
    """The item from the first place, drawn by chance, where its face is found."""
    with tempfile.TemporaryDirectory() as folder:
        for start in rng.uniform(0, 0.8, TRIES).round(3).tolist():
            placed = Item(item.kind, item.emotion, item.shown, item.guide, start, item.person)
            try:
                images.save_strip(Path(folder) / "strip.jpg", placed)
            except UserError:
                continue
            return placed
    return None


def run(args: argparse.Namespace, progress: Progress) -> None:
    """Everything that is not in OUT yet."""
    clips, others = (expand([str(folder)], lambda _: ()) for folder in (args.clips, args.untouched))
    asked = {"clips": [c.name for c in clips], "emotions": args.emotions, "set": args.set,
             "reference": str(args.reference)}  # fmt: skip
    said = args.out / "asked.json"
    if said.exists() and json.loads(said.read_text(encoding="utf-8")) != asked:
        raise UserError("was made of other clips or options", path=args.out, remedy="name another --out")
    (args.out / "edits").mkdir(parents=True, exist_ok=True)
    write_text(said, json.dumps(asked, indent=1) + "\n")
    judges = find_judges()
    reference = load_reference(args.reference, judges.landmarker is not None) if args.reference else None
    pairs = edit(clips, args.emotions, dict(text.split("=", 1) for text in args.set), args.out / "edits")
    if not pairs:
        raise UserError("nothing could be edited", path=args.clips, remedy="give videos of single persons")
    table, panel = args.out / "figures.txt", args.out / "panel"
    if not table.exists():
        found = evaluate_videos(pairs, judges, reference, progress)
        write_text(args.out / "figures.json", as_json(found))
        write_text(args.out / "figures.csv", as_csv(found))
        write_text(table, as_text(found))
    print(table.read_text(encoding="utf-8"))
    if not panel.exists():
        making.make_panel(choose(pairs, others, args.seed), panel, args.viewers, args.each, seed=args.seed,
                          progress=progress)  # fmt: skip
    if any(panel.glob("viewer*/answers.csv")):
        print(scoring.as_text(scoring.score_answers(scoring.read_answers(panel))), end="")
    else:
        print(f"{panel}: give each viewer a folder and nothing else; with answers in them, call this again")


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, help="folder of clips of single persons")
    parser.add_argument("--untouched", type=Path, required=True, help="folder of other clips, shown untouched")
    parser.add_argument("--reference", type=Path, help="measures of real faces, of `ned evaluate reference`")
    parser.add_argument("--emotions", nargs="+", default=list(SIX), choices=SIX)
    parser.add_argument("--set", nargs="+", default=[], metavar="OPTION=VALUE", help="further options of ned process")
    parser.add_argument("--out", type=Path, default=Path("realism"))
    parser.add_argument("--viewers", type=int, default=4)
    parser.add_argument("--each", type=int, default=2, help="viewers who see each strip")
    parser.add_argument("--seed", type=int, default=0, help="number from which all chance is drawn")
    try:
        run(parser.parse_args(arguments), for_stream(unit="frames"))
    except NedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
