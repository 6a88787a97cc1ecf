"""An expression from elsewhere in place of the actor's own: what `--expression` asks for.

Nothing is kept of the actor's speech: who gives a whole expression, frame by frame, gives the speech as well.
"""

from __future__ import annotations

from ned.manipulator.protocol import Articulation, unknown_style
from ned.types import Edit, ExpressionSpace, ExpressionTrack, Track


class Playback:
    """See `ned.manipulator.Manipulator`; the one that knows the style `Track`, and no other."""

    def __init__(self, space: ExpressionSpace) -> None:
        self.space = space

    def translate(
        self, expression: ExpressionTrack, articulation: Articulation, frame_rate: float, edit: Edit
    ) -> ExpressionTrack:
        """See `Manipulator.translate`. Raises ValueError where the track given is of another length or space."""
        if not isinstance(edit.style, Track):
            raise unknown_style("a file's expression", edit.style, "ask for one of them")
        given = edit.style.expression
        if given.space.name != expression.space.name or len(given) != len(expression):
            raise ValueError(
                f"{len(given)} frames of {given.space.name} for {len(expression)} of {expression.space.name}"
            )
        if edit.intensity == 1.0:
            return given
        own = expression.pack()
        return ExpressionTrack.unpack(expression.space, own + edit.intensity * (given.pack() - own))
