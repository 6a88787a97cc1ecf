"""`ned convert`."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ned import workspace
from ned.cli.arguments import Command
from ned.config.edit import FLAME_VARIABLE, flame_of_environment
from ned.config.options import check_choice, option
from ned.errors import UserError
from ned.files.reading import check_input

SPACES = ("arkit52", "flame50")


@dataclass(frozen=True)
class Convert(Command):
    """Convert a track of expression between ARKit's coefficients and FLAME's.

    The models are compared where landmarks are, and the nearest coefficients are found frame by frame. FLAME comes from
    your own files; see docs/flame.md.
    """

    name = "convert"
    track: Path = option(help="CSV with ARKit's columns (Live Link Face) or FLAME's", metavar="CSV")
    to: str = option("flame50", choices=SPACES, help="whose coefficients are wanted")
    flame_folder: Path | None = option(None, metavar="DIR", help="folder with FLAME's files, or the model file")
    output: Path | None = option(None, short="-o", metavar="CSV", help="default: TRACK_SPACE.csv beside the track")
    rate: float = option(30.0, flag="--fps", metavar="N", help="frame rate, where rows have no time")
    accept_licence: bool = option(False, help="say, once, that you may use FLAME under its licence")
    overwrite: bool = option(False, short="-y", help="replace an output file that exists")

    def __post_init__(self) -> None:
        check_choice("to", self.to, SPACES)

    def main(self) -> int:
        check_input(self.track, what="CSV file")
        output = self.output or self.track.with_name(f"{self.track.stem}_{self.to}.csv")
        workspace.check_output(output, inputs=[self.track], overwrite=self.overwrite)
        if not 1 <= self.rate <= 1000:
            raise UserError(f"{self.rate:g} is no frame rate", remedy="give frames per second, such as 25")
        folder = self.flame_folder or flame_of_environment()
        if folder is None:
            cause = "FLAME is needed to convert to or from its coefficients"
            raise UserError(cause, remedy=f"give --flame-folder DIR or set {FLAME_VARIABLE}")
        from ned.exchange.convert import convert_csv
        from ned.face_model import load_face_model
        from ned.face_model.flame.face import FlameFace
        from ned.licences import require

        face = FlameFace.load(folder)
        require(f"flame{face.model.edition}", self.accept_licence)
        models = {"arkit52": load_face_model("canonical"), "flame50": face}
        done = convert_csv(self.track, output, models, self.to, Fraction(self.rate).limit_denominator(1001))
        print(f"{output}: {done.frames} frames, {done.source} → {done.target}, {done.error:.1%} of the motion is lost")
        return 0
