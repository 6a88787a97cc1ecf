"""Numbered images become one video of their view, without loss, which all other stages read."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from jaxtyping import UInt16

from ned.errors import ProcessingError, UserError
from ned.files.atomic import FULL, give_name
from ned.runtime.progress import Progress
from ned.sequences.images import read_image
from ned.sequences.view import View
from ned.workspace.numbered import Numbered

USUAL_RATE = Fraction(24)
"""Frames a second where nobody says."""
FORM = "gbrp16le"


@dataclass(frozen=True)
class Conformed:
    """A video whose frame k shows image `numbers[k]`, at the time of that number; missing ones leave a gap in time."""

    path: Path
    source: Numbered
    numbers: tuple[int, ...]
    rate: Fraction
    view: View
    rate_said: str
    """Who said the rate: the user, the images, or nobody."""


def conform(
    source: Numbered,
    numbers: tuple[int, ...],
    path: Path,
    progress: Progress,
    *,
    rate: Fraction | None = None,
    space: str | None = None,
    tall: bool = True,
) -> Conformed:
    """Write the view of images to `path`, FFV1 in NUT, whose times are exact; what lies there already is taken.

    `space`: of EXR images, where they don't say it or say it wrongly; `tall` as of `View`. UserError where an image
    cannot be read, or differs from the first in size; ProcessingError where the video cannot be written.
    """
    first = read_image(source.path(numbers[0]))
    view = first.view(space, tall)
    said = "as given" if rate else "as the images say" if first.frame_rate else "since nothing says it"
    chosen = rate or first.frame_rate or USUAL_RATE
    done = Conformed(path, source, numbers, chosen, view, said)
    if path.exists():
        return done
    part = path.with_name(path.name + ".tmp")
    height, width = first.codes(view).shape[:2]
    try:
        with progress.stage("reading images", len(numbers)) as stage, av.open(str(part), "w", format="nut") as out:
            stream = out.add_stream("ffv1", rate=chosen, options={"level": "3", "coder": "range_tab"})
            stream.width, stream.height, stream.pix_fmt = width, height, FORM
            stream.time_base = stream.codec_context.time_base = 1 / chosen
            stream.thread_type = "AUTO"
            for number in numbers:
                codes = read_image(source.path(number)).codes(view)
                if codes.shape != (height, width, 3):
                    size = f"{codes.shape[1]}x{codes.shape[0]}"
                    raise UserError(f"is {size}, the first is {width}x{height}", path=source.path(number),
                                    remedy="give images of one size and data window")  # fmt: skip
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(codes), format=FORM)
                frame.pts, frame.time_base = number - numbers[0], 1 / chosen
                out.mux(stream.encode(frame))
                stage.advance()
            out.mux(stream.encode(None))
        give_name(part, path)
    except (av.error.FFmpegError, OSError) as error:
        full = getattr(error, "errno", None) in FULL
        remedy = "free some disk space" if full else "check the disk"
        raise ProcessingError(f"the images cannot be gathered ({error.strerror})", path=path, remedy=remedy) from error
    finally:
        part.unlink(missing_ok=True)
    return done


def codes_of(frame_planes: tuple[np.ndarray, ...]) -> UInt16[np.ndarray, "h w 3"]:
    """The view back from a decoded frame's planes: green, blue, red."""
    green, blue, red = frame_planes[:3]
    return np.stack([red, green, blue], -1)
