"""`ned analyse`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ned import workspace
from ned.cli.arguments import Command
from ned.config.edit import FaceModelOptions
from ned.config.options import check_choice, check_times, option
from ned.errors import UserError
from ned.runtime.progress import Progress, for_stream

if TYPE_CHECKING:
    import numpy as np

    from ned.edit.people import Person
    from ned.exchange.persons import PersonExpression
    from ned.pipeline.fitters import Fitter
    from ned.types import Analysis

_IMAGES = 8
OVERLAY_STYLES = ("mesh", "normals", "nmfc")


@dataclass(frozen=True, kw_only=True)
class Analyse(FaceModelOptions, Command):
    """Say who is seen in a video, when, how large, speaking or not; export expressions for animation tools."""

    name = "analyse"
    video: Path = option(help="video with faces", metavar="VIDEO")
    export: Path | None = option(
        None, metavar="FILE",
        help="the expression over time: .csv for ARKit / Live Link Face (with --face-model flame: its coefficients), "
        ".glb for an animated mesh, .npz for FLAME's coefficients as DECA keeps them",
    )  # fmt: skip
    overlay: Path | None = option(None, metavar="VIDEO", help="write the video with the fitted mesh over it")
    overlay_style: str = option("mesh", choices=OVERLAY_STYLES, help="how the mesh is drawn")
    person: int | None = option(None, short="-p", metavar="N", help="whom to export; default: the most prominent")
    sheet: Path | None = option(None, metavar="PNG", help="write an image with each person's face over time")
    start_s: float | None = option(None, flag="--start", metavar="TIME", help="begin here: seconds or [hh:]mm:ss[.f]")
    end_s: float | None = option(None, flag="--end", metavar="TIME", help="stop here: seconds or [hh:]mm:ss[.f]")
    overwrite: bool = option(False, short="-y", help="replace output files that exist")
    cache: bool = option(True, help="keep and use the analysis of a video")
    quiet: bool = option(False, help="show no progress")

    def __post_init__(self) -> None:
        check_times(self.start_s, self.end_s)
        check_choice("overlay-style", self.overlay_style, OVERLAY_STYLES)
        self.check_face_model()

    def main(self) -> int:
        return self.run(for_stream(quiet=self.quiet))

    def run(self, progress: Progress) -> int:
        """The same for a program that shows the progress itself, and may end it there."""
        workspace.check_input(self.video)
        self._check_kinds()
        for path in (self.export, self.sheet, self.overlay):
            if path is not None:
                workspace.check_output(path, inputs=[self.video], overwrite=self.overwrite)
        if self.sheet is not None and self.sheet.suffix.lower() not in (".png", ".jpg", ".jpeg"):
            raise UserError("unknown kind of image", path=self.sheet, remedy="end its name in .png or .jpg")
        from ned.analysis.cached import analyse_cached
        from ned.edit.people import people_of
        from ned.exchange.livelink import write_livelink
        from ned.exchange.persons import person_expressions

        fitter = self._fitter()
        cache = workspace.Cache() if self.cache else None
        analysis = analyse_cached(self.video, progress, start_s=self.start_s, end_s=self.end_s, cache=cache)
        if not analysis.tracks:
            raise UserError("no face was found", path=self.video, remedy="faces must be 60 pixels wide or more")
        with progress.stage("fitting") as stage:
            persons = person_expressions(analysis, stage)
        _print_table(analysis, people_of(analysis), persons)
        if fitter is not None:
            self._export_fit(fitter, _choose(persons, self.person, self.video).person, analysis, progress)
        elif self.export is not None:
            chosen = _choose(persons, self.person, self.video)
            rate = analysis.video.frame_rate
            write_livelink(self.export, chosen.expression, chosen.frames / float(rate), rate)
            print(f"{self.export}: person {chosen.person}, {len(chosen.frames)} frames")
        if self.sheet is not None:
            self._write_sheet(persons, progress)
            print(self.sheet)
        return 0

    def _check_kinds(self) -> None:
        endings = {"canonical": (".csv", ".glb"), "ict": (".csv", ".glb"), "flame": (".csv", ".glb", ".npz")}
        if self.export is not None and self.export.suffix.lower() not in endings[self.face_model]:
            known = ", ".join(endings[self.face_model])
            raise UserError(f"unknown kind of export for --face-model {self.face_model}", path=self.export,
                            remedy=f"end its name in one of: {known}")  # fmt: skip

    def _fitter(self) -> Fitter | None:
        """What is to be fitted beside the embedded model's coefficients; None where these are all."""
        self.check_face_model()
        plain = self.export is None or self.export.suffix.lower() == ".csv"
        if self.face_model == "canonical" and plain and self.overlay is None:
            return None
        from ned.pipeline.exports import model_to_fit
        from ned.pipeline.fitters import make_fitter

        cache = workspace.Cache() if self.cache else None
        return make_fitter(model_to_fit(self), self, cache=cache)

    def _export_fit(self, fitter: Fitter, person: int, analysis: Analysis, progress: Progress) -> None:
        from ned.pipeline import exports

        fitted = exports.fit_person(analysis, person, fitter, progress)
        print(f"{self.face_model}: person {person}, fit error {fitted.error():.2%}")
        if self.export is not None:
            exports.export(self.export, fitted, analysis)
            print(f"{self.export}: person {person}, {len(fitted.frames())} frames")
        if self.overlay is not None:
            span = self.start_s, self.end_s
            exports.overlay_video(self.overlay, fitted, analysis, self.overlay_style, progress, *span)
            print(self.overlay)

    def _write_sheet(self, persons: list[PersonExpression], progress: Progress) -> None:
        from ned.report.sheet import crop, grid, save_image
        from ned.video import read_frames

        wanted: dict[int, list[tuple[int, int, int]]] = {}  # frame → (row, column, index into the person's frames)
        for row, person in enumerate(persons):
            count = min(_IMAGES, len(person.frames))
            for column in range(count):
                i = (2 * column + 1) * len(person.frames) // (2 * count)
                wanted.setdefault(int(person.frames[i]), []).append((row, column, i))
        cells: list[list[np.ndarray]] = [[] for _ in persons]
        with progress.stage("images") as stage:
            for frame in read_frames(self.video, self.start_s, self.end_s):
                stage.advance()
                for row, _, i in wanted.pop(frame.index, ()):
                    cells[row].append(crop(frame.rgb(), persons[row].boxes[i]))
                if not wanted:
                    break
        save_image(self.sheet, grid(cells, labels=[f"person {person.person}" for person in persons]))


def _choose(persons: list[PersonExpression], number: int | None, video: Path) -> PersonExpression:
    if number is None:
        return persons[0]
    for person in persons:
        if person.person == number:
            return person
    known = ", ".join(str(person.person) for person in persons)
    raise UserError(f"there is no person {number}", path=video, remedy=f"choose one of: {known}")


def _print_table(analysis: Analysis, people: Sequence[Person], persons: list[PersonExpression]) -> None:
    from rich.console import Console
    from rich.table import Table

    from ned.manipulator.vitl.own_place import own_place

    info, rate = analysis.video, float(analysis.video.frame_rate)
    print(
        f"{info.path}: {info.width}x{info.height}, {rate:.5g} fps, {analysis.num_frames} frames, "
        f"{len(analysis.shots)} shot{'s' * (len(analysis.shots) != 1)}"
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    titles = "person", "frames", "share", "from", "to", "size", "speaks", "fit error", "valence, arousal"
    for title in (*titles, "mean expression"):
        table.add_column(title, justify="left" if title.startswith("mean") else "right")
    for person, fitted in zip(people, persons, strict=True):
        valence, arousal = own_place(fitted.expression)
        top = ", ".join(f"{name} {value:.2f}" for name, value in fitted.dominant())
        table.add_row(
            str(person.number), str(person.frames), f"{person.share:.0%}", f"{person.first_s:.2f} s",
            f"{person.last_s + 1 / rate:.2f} s", f"{person.size_px:.0f} px", "yes" if person.speaking else "no",
            f"{fitted.fit_error:.2%}", f"{valence:+.1f}, {arousal:+.1f}", top or "at rest",
        )  # fmt: skip
    console = Console()
    Console(width=console.width if console.is_terminal else 200).print(table)
