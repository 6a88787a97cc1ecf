"""Licences of others that must be read and accepted once, before what they cover is used.

What was accepted is kept in the user's data folder, by name and with the day, so that scripts and batch runs go on.
"""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from pathlib import Path

from ned import workspace
from ned.errors import UserError
from ned.files.atomic import write_text


@dataclass(frozen=True)
class Licence:
    """What somebody else's files may be used for."""

    name: str
    title: str
    holder: str
    terms: str
    """One sentence: what it forbids or asks for."""
    where: str
    commercial: bool
    """Whether commercial use is allowed."""
    ask: bool = True
    """Whether it must be accepted before use."""


LICENCES = {
    licence.name: licence
    for licence in (
        Licence("flame2020", "FLAME 2020", "Max-Planck-Gesellschaft", "non-commercial research only",
                "flame.is.tue.mpg.de/modellicense.html", False),
        Licence("flame2023", "FLAME 2023", "Max-Planck-Gesellschaft", "non-commercial research only",
                "flame.is.tue.mpg.de/modellicense.html", False),
        Licence("flame2023open", "FLAME 2023 Open", "Max-Planck-Gesellschaft", "CC BY 4.0: name the authors",
                "flame.is.tue.mpg.de", True, ask=False),
        Licence("deca", "DECA", "Max-Planck-Gesellschaft",
                "non-commercial research only, and nothing fake, libellous or misleading",
                "deca.is.tue.mpg.de/license.html", False),
        Licence("emoca", "EMOCA", "Max-Planck-Gesellschaft",
                "non-commercial research only, and nothing fake, libellous or misleading",
                "emoca.is.tue.mpg.de/license.html", False),
        Licence("spectre", "SPECTRE", "its authors", "CC BY-NC-SA 4.0: not commercial; DECA's and FLAME's apply too",
                "github.com/filby89/spectre", False),
        Licence("smirk", "SMIRK", "its authors",
                "code MIT; the weights were trained with FLAME 2020, MICA and EMOCA, whose terms forbid commercial use",
                "github.com/georgeretsi/smirk", False),
        Licence("ict", "ICT-FaceKit", "USC Institute for Creative Technologies", "MIT: keep the notice",
                "github.com/ICT-VGL/ICT-FaceKit", True, ask=False),
    )
}  # fmt: skip


def accepted_file() -> Path:
    """Where acceptances are kept."""
    return workspace.data_root() / "licences.json"


def accepted() -> dict[str, str]:
    """Names of licences that were accepted, and the day; a file that is broken counts as none."""
    try:
        held = json.loads(accepted_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in held.items() if k in LICENCES} if isinstance(held, dict) else {}


def accept(name: str) -> None:
    """Remember that a licence was accepted. UserError for a name that is not known or a folder that is not ours."""
    if name not in LICENCES:
        raise UserError(f"unknown licence {name!r}", remedy=f"choose one of: {', '.join(LICENCES)}")
    held = accepted() | {name: datetime.date.today().isoformat()}
    path = accepted_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot be made ({error.strerror})", path=path.parent, remedy="set NED_DATA") from error
    write_text(path, json.dumps(held, indent=2, sort_keys=True) + "\n")


def require(name: str, accept_now: bool = False) -> Licence:
    """The licence of what is about to be used; UserError where it must be accepted and was not.

    With `accept_now` (`--accept-licence`) it is accepted and remembered.
    """
    if name not in LICENCES:
        raise UserError(f"unknown licence {name!r}", remedy=f"choose one of: {', '.join(LICENCES)}")
    licence = LICENCES[name]
    if licence.ask and name not in accepted():
        if not accept_now:
            raise UserError(
                f"{licence.title} ({licence.holder}) is licensed for {licence.terms}; read {licence.where}",
                remedy="if you may use it, say so once with --accept-licence",
            )
        accept(name)
    return licence
