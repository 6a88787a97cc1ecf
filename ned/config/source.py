"""Options of what is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ned.config.options import option


@dataclass(frozen=True)
class SourceOptions:
    """Which part of which video. Times in seconds of it."""

    input: Path = option(help="video with a talking person; several, a folder or a pattern: all of them", metavar="IN")
    start_s: float | None = option(
        None, flag="--start", metavar="TIME", help="begin here: seconds or [hh:]mm:ss[.f]; default: the first frame"
    )
    end_s: float | None = option(
        None, flag="--end", metavar="TIME", help="stop here: seconds or [hh:]mm:ss[.f]; default: the last frame"
    )
    cache: bool = option(True, help="keep and use the analysis of a video")

    @property
    def cut(self) -> bool:
        """Whether it is a part of the video."""
        return self.start_s is not None or self.end_s is not None
