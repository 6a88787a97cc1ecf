"""Options of the second pass: who paints faces."""

from __future__ import annotations

from dataclasses import dataclass

from ned.config.options import check_choice, option
from ned.config.roles import AUTO, RENDERERS
from ned.errors import UserError
from ned.runtime.devices import DEVICES
from ned.runtime.extras import need


@dataclass(frozen=True)
class RenderOptions:
    """How faces are painted. Checked when it is made."""

    renderer: str = option(
        AUTO, choices=(AUTO, *RENDERERS), help="how faces are rendered; auto takes the best that is there"
    )
    actor: str | None = option(
        None, metavar="NAME", help="paint with the network that `ned finetune` made for this actor"
    )
    device: str = option(
        AUTO, choices=DEVICES, help="what the neural renderer runs on; auto takes a GPU of CUDA where there is one"
    )
    finetune_minutes: float = option(
        0.0, metavar="M", help="first fine-tune the neural renderer to the edited person for so many minutes"
    )

    def check_render(self) -> None:
        """Raise UserError for options that do not fit or do not go together."""
        check_choice("renderer", self.renderer, (AUTO, *RENDERERS))
        asked = self.actor or self.finetune_minutes
        if asked and self.renderer != AUTO and not RENDERERS[self.renderer].weights:
            cause = f"the {self.renderer} renderer knows no actors"
            raise UserError(cause, remedy="use --renderer neural, or leave it out")
        if self.finetune_minutes < 0:
            raise UserError(f"finetune-minutes is {self.finetune_minutes:g}", remedy="give 0 or more")
        check_choice("device", self.device, DEVICES)
        if self.finetune_minutes > 0:
            need("torch", "fine-tuning")
