"""`ned evaluate self`."""

from __future__ import annotations

import json as to_json
from dataclasses import dataclass
from pathlib import Path

from ned import workspace
from ned.cli.evaluate_video import as_path
from ned.cli.groups import ManyCommand, Several
from ned.config.options import check_choice, option
from ned.emotions import EMOTIONS
from ned.errors import UserError
from ned.runtime.extras import need
from ned.runtime.progress import for_stream


@dataclass(frozen=True)
class EvaluateSelf(ManyCommand):
    """Self-translation and self-reenactment of the last tenth of videos, with FAPD and its heat map."""

    name = "self"
    several = {
        "sources": Several("videos of talking people", "SOURCE", kind=as_path),
        "set": Several("further options of `ned process`, such as renderer=neural", "OPTION=VALUE", "--set", least=0),
    }  # fmt: skip
    sources: tuple[Path, ...]
    set: tuple[str, ...] = ()
    emotion: str = option("neutral", metavar="EMOTION", help="what the sources show: the edit is to this emotion")
    weights: Path | None = option(None, metavar="FILE", help="checkpoint of the renderer; default: the one of ned")
    no_reenactment: bool = option(False, help="leave out self-reenactment")
    json: Path | None = option(None, metavar="FILE", help="write all figures as JSON")
    pictures: Path | None = option(None, metavar="FOLDER", help="write heat maps into this folder")
    overwrite: bool = option(False, help="replace files that exist")
    quiet: bool = option(False, help="show no progress")

    def __post_init__(self) -> None:
        check_choice("emotion", self.emotion, EMOTIONS)
        for text in self.set:
            if "=" not in text:
                raise UserError(f"--set {text!r} has no value", remedy="write OPTION=VALUE")

    def main(self) -> int:
        for source in self.sources:
            workspace.check_input(source)
        for path in (self.json, *self._sheets("self-translation"), *self._former_sheets()):
            if path is not None:
                workspace.check_output(path, self.sources, self.overwrite)
        if self.weights is not None:
            workspace.check_input(self.weights, what="checkpoint")
        if not self.no_reenactment:
            need("torch", "self-reenactment (--no-reenactment leaves it out)")
        from ned.evaluation.judges import find_judges
        from ned.evaluation.own.translation import self_translation
        from ned.evaluation.table import as_json, as_text
        from ned.report.sheet import save_image

        progress, judges = for_stream(quiet=self.quiet), find_judges()
        options = dict(text.split("=", 1) for text in self.set)
        plain: dict[str, list[dict[str, object]]] = {"self_translation": [], "self_reenactment": []}
        sheets = self._sheets("self-translation")
        for source, path in zip(self.sources, sheets or [None] * len(self.sources), strict=True):
            found, sheet = self_translation(source, self.emotion, options, judges, progress)
            print(f"self-translation to {self.emotion}, the last tenth of {source}\n{as_text(found)}")
            plain["self_translation"].append({"source": str(source), **to_json.loads(as_json(found))})
            if path is not None and sheet is not None:
                save_image(path, sheet)
        if not self.no_reenactment:
            plain["self_reenactment"] = self._reenact()
        if self.json is not None:
            workspace.write_text(self.json, to_json.dumps(plain, indent=1) + "\n")
        return 0

    def _reenact(self) -> list[dict[str, object]]:
        from ned.evaluation.own.reenactment import as_text, self_reenactment
        from ned.report.sheet import save_image

        rows = self_reenactment(self.sources, self.weights, for_stream(quiet=self.quiet, unit="people"))
        print(as_text(rows), end="")
        if self.pictures is not None:
            for row in rows:
                word = row.method.split(",")[0].replace(" ", "-")
                save_image(self.pictures / f"{row.person}-self-reenactment-{word}.png", row.sheet)
        names = ("person", "method", "frames", "fapd", "psnr", "ssim")
        return [{name: getattr(row, name) for name in names} for row in rows]

    def _sheets(self, what: str) -> list[Path]:
        """Where the heat maps of the sources go; none where nobody asked for them."""
        if self.pictures is None:
            return []
        if not self.pictures.is_dir():
            raise UserError("no such folder", path=self.pictures, remedy="make it first")
        names = [f"{source.stem}-{what}.png" for source in self.sources]
        for name in names:
            if names.count(name) > 1:
                raise UserError("two sources would have this heat map", path=self.pictures / name,
                                remedy="name one of them at a time")  # fmt: skip
        return [self.pictures / name for name in names]

    def _former_sheets(self) -> list[Path]:
        """Heat maps of self-reenactment that are there; whose will come is known only when the sources are read."""
        if self.pictures is None or self.no_reenactment:
            return []
        return sorted(self.pictures.glob("*-self-reenactment-*.png"))
