"""`ned evaluate panel make`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from ned.errors import UserError
from ned.evaluation.panel.images import save_clip, save_strip
from ned.evaluation.panel.items import Item, share_out
from ned.evaluation.panel.page import BRIEF, answer_page
from ned.files.atomic import failed_write
from ned.runtime.progress import Progress, Silent

KEY = "key.json"


def make_panel(
    items: Sequence[Item], out: Path, viewers: int = 4, each: int = 2, clips: bool = False, seed: int = 0,
    progress: Progress | None = None,
) -> list[list[int]]:  # fmt: skip
    """A new folder `out` with a folder for each viewer (numbered strips or clips, a page to answer, the brief), and the
    key apart from them; the shares, as `share_out` gives them. It appears whole or not at all.

    UserError where `out` exists, or a clip shows no face.
    """
    if out.exists():
        raise UserError("exists already", path=out, remedy="name a new folder for the panel")
    shares = share_out(list(items), viewers, each, seed)
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        _fill(part, list(items), shares, clips, progress or Silent())
        part.rename(out)
    except OSError as error:
        raise failed_write(out, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return shares


def _fill(folder: Path, items: list[Item], shares: list[list[int]], clips: bool, progress: Progress) -> None:
    ending, save = (".mp4", save_clip) if clips else (".jpg", save_strip)
    images = folder / "all"
    images.mkdir()
    with progress.stage("panel", len(items)) as stage:
        for i, item in enumerate(items):
            save(images / f"{i:04d}{ending}", item)
            stage.advance()
    for v, share in enumerate(shares, 1):
        own = folder / f"viewer{v}"
        own.mkdir()
        names = [f"{n:03d}{ending}" for n in range(1, len(share) + 1)]
        for i, name in zip(share, names, strict=True):
            shutil.copyfile(images / f"{i:04d}{ending}", own / name)
        (own / "answer.html").write_text(answer_page(names, v), encoding="utf-8")
        (own / "brief.txt").write_text(BRIEF.format(what="clip" if clips else "strip of 8 frames"), encoding="utf-8")
    shutil.rmtree(images)
    rows = [
        {"kind": i.kind, "emotion": i.emotion, "person": i.person, "untouched": i.untouched, "shown": str(i.shown),
         "guide": str(i.guide), "start": i.start} for i in items
    ]  # fmt: skip
    key = json.dumps({"items": rows, "shares": shares}, indent=1)
    (folder / KEY).write_text(key + "\n", encoding="utf-8")
