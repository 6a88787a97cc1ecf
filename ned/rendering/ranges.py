"""Some pieces of a video, made anywhere: the same segments that a run over the whole video makes there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

from ned.config import OutputOptions, SourceOptions
from ned.edit.track_edit import TrackEdit
from ned.renderer import Renderer
from ned.rendering.second_pass import WARM_UP, SecondPass, ask, check_times, segments_of
from ned.rendering.segments import VIDEO, Segments
from ned.runtime.progress import Clock
from ned.types import Analysis
from ned.video.read import Position, start_time
from ned.video.segments import say_conversion


def render_range(
    edits: Sequence[TrackEdit],
    analysis: Analysis,
    make_renderer: Callable[[TrackEdit], Renderer],
    source: SourceOptions,
    output: OutputOptions,
    clock: Clock,
    folder: Path,
    pieces: range,
    segment_s: float | None = None,
) -> int:
    """Write the segments with these numbers, and the report's images in them, into `folder`, going on from what lies
    there; the number of their frames. Errors as of `ned.rendering.second_pass.render_video`."""
    asked = ask(edits, source, output)
    say_conversion(output.output_path, asked.encoding, asked.videos[VIDEO])
    check_times(analysis, source.input)
    starts = segments_of(analysis, segment_s)
    ends = [*starts[1:], analysis.first_frame + analysis.num_frames]
    mine, stop = starts[pieces.start : pieces.stop], ends[pieces.stop - 1]
    ahead = min(WARM_UP, starts[1] - starts[0] - 1) if len(starts) > 1 else 0  # as of Segments.warm_up of all
    given = (analysis.video, asked.encoding, output.output_path, asked.own)
    with Segments(folder, asked.videos, mine, stop, *given) as segments:
        missing = segments.resume(asked.complete(folder))
        with clock.stage("rendering", stop - missing[0] if missing else 0) as stage:
            if missing:
                again = SecondPass(asked, analysis, make_renderer, source, output, folder)
                again.run(segments, missing, stop, ahead, position_before(analysis, missing[0], ahead), stage)
    return stop - mine[0]


def position_before(analysis: Analysis, frame: int, ahead: int) -> Position | None:
    """Where to read from to have `ahead` frames before a frame; None for the video's beginning."""
    index = frame - ahead
    if index <= analysis.first_frame or analysis.frame_times_s is None:
        return None
    time_s = float(analysis.frame_times_s[index - analysis.first_frame])
    return Position(index, round((Fraction(time_s) + start_time(analysis.video.path)) / analysis.video.time_base))
