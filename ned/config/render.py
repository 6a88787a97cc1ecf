"""Options of the second pass: who paints faces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ned.config.options import check_choice, option
from ned.config.roles import AUTO, RASTERIZERS, RENDERERS
from ned.errors import UserError


@dataclass(frozen=True)
class RenderOptions:
    """How faces are painted. Checked when it is made."""

    renderer: str = option(
        AUTO, choices=(AUTO, *RENDERERS), help="how faces are rendered; auto takes the best that is there"
    )
    renderer_weights: Path | None = option(
        None, metavar="FILE", help="checkpoint of `ned train meta-renderer` to paint with instead of the shipped one"
    )
    actor: str | None = option(
        None, metavar="NAME", help="paint with the network that `ned finetune` made for this actor"
    )
    finetune_minutes: float = option(
        0.0, metavar="M", help="first fine-tune the neural renderer to the edited person for so many minutes"
    )

    rasterizer: str = option(
        "compiled", choices=RASTERIZERS, help="who draws the mesh of FLAME for a network that is shown it"
    )

    def check_render(self) -> None:
        """Raise UserError for options that do not fit or do not go together."""
        check_choice("renderer", self.renderer, (AUTO, *RENDERERS))
        check_choice("rasterizer", self.rasterizer, tuple(RASTERIZERS))
        if self.actor and self.renderer_weights and not self.finetune_minutes:
            raise UserError("an actor has weights of its own", remedy="leave out one of actor, renderer-weights")
        asked = self.actor or self.finetune_minutes or self.renderer_weights
        if asked and self.renderer != AUTO and not RENDERERS[self.renderer].weights:
            cause = f"the {self.renderer} renderer has no networks"
            raise UserError(cause, remedy="use --renderer neural, or leave it out")
        if self.finetune_minutes < 0:
            raise UserError(f"finetune-minutes is {self.finetune_minutes:g}", remedy="give 0 or more")
