"""A photograph as the page looks at it: faces found once, edits painted at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ned.config.still import StillConfig
from ned.report.sheet import crop
from ned.stills.edit import Wish, edit_faces, rgb_of
from ned.stills.faces import find_faces
from ned.stills.image import read_image
from ned.stills.upright import eight_bits
from ned.types import Emotion, ValenceArousal
from ned.ui.scene import FACE_PX, save_jpeg


class PortraitScene:
    """One photograph."""

    def __init__(self, path: Path) -> None:
        """Read it and find the faces. Raises UserError where there are none."""
        self.path = path
        self.portrait = find_faces(read_image(path))

    def facts(self) -> dict[str, Any]:
        """What the page shows of it."""
        height, width = self.portrait.image.pixels.shape[:2]
        people = [{"number": face.number, "size": round(face.width_px)} for face in self.portrait.faces]
        return {"width": width, "height": height, "people": people}

    def write_faces(self, folder: Path) -> None:
        """`face-N.jpg` of every face, and the photograph itself as `frame.jpg`."""
        rgb = rgb_of(self.portrait.frame)
        for face in self.portrait.faces:
            save_jpeg(crop(rgb, face.track.boxes[0], 1.5, (FACE_PX, FACE_PX)), folder / f"face-{face.number}.jpg")
        save_jpeg(rgb, folder / "frame.jpg")

    def preview(self, config: StillConfig, path: Path) -> None:
        """The photograph as `ned still` makes it, as a JPEG for the page. Raises UserError."""
        place = config.place
        style = Emotion(config.emotion or "happy") if place is None else ValenceArousal(*place)
        chosen = self.portrait
        if config.person is not None:
            chosen = find_faces(self.portrait.image, config.person)
        done = edit_faces(chosen, Wish(style, None, config.intensity, config.manipulator, config.seed))
        save_jpeg(eight_bits(done.image.pixels), path)
