"""Which FLAME an encoder's coefficients belong to. Imports nothing heavy."""

from __future__ import annotations

from ned.errors import UserError

EDITIONS = {"deca": "2020", "emoca": "2020", "spectre": "2020", "smirk": "2020"}


def check_edition(kind: str, edition: str) -> None:
    """UserError where an encoder's coefficients mean something else in this FLAME."""
    spoken = EDITIONS[kind]
    if edition != spoken:
        raise UserError(
            f"{kind} speaks FLAME {spoken}, the model is FLAME {edition}, whose coefficients mean other shapes",
            remedy=f"give a FLAME {spoken} file, or fit landmarks (--fit landmarks), which works with any",
        )
