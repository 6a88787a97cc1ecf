"""`ned verify`."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from ned import workspace
from ned.cli.arguments import Command
from ned.config.options import option

if TYPE_CHECKING:
    from ned.provenance import Verdict

_TRUST = {
    "trusted": "an authority that you named vouches for it",
    "local": "made by ned on this computer; nobody vouches for who that is",
    "unknown": "nobody that is known here vouches for it; the name may be anybody's",
}


@dataclass(frozen=True)
class Verify(Command):
    """Say whether a file is as it was signed, by whom, what was done to it and from which source."""

    name = "verify"
    file: Path = option(help="signed video", metavar="FILE")
    source: Path | None = option(None, metavar="FILE", help="also say whether this is the source")
    trust: Path | None = option(None, metavar="PEM", help="certificates of authorities that you trust")
    json: bool = option(False, help="write JSON")

    def main(self) -> int:
        workspace.check_input(self.file, what="signed file")
        if self.trust is not None:
            workspace.check_input(self.trust, what="certificate file")
        from ned.provenance import load_roots, verify_video

        roots = load_roots(self.trust) if self.trust is not None else ""
        verdict = verify_video(self.file, roots=roots, source=self.source)
        print(_as_json(verdict) if self.json else "\n".join(_lines(verdict, self.source)))
        if verdict.state == "unsigned":
            return 2
        return 0 if verdict.good else 1


def _as_json(verdict: Verdict) -> str:
    plain = {f.name: getattr(verdict, f.name) for f in fields(verdict)}
    return json.dumps(plain | {"path": str(verdict.path), "good": verdict.good}, indent=1)


def _lines(verdict: Verdict, source: Path | None) -> list[str]:
    if verdict.state == "unsigned":
        return [f"{verdict.path}: no provenance (no C2PA manifest in it or beside it)"]
    if verdict.state == "valid":
        out = [f"{verdict.path}: valid, not changed since it was signed"]
    else:
        out = [f"{verdict.path}: TAMPERED with or damaged since it was signed ({'; '.join(verdict.causes)})"]
    if verdict.signer:
        when = f", {verdict.signed_at}" if verdict.signed_at else ", without a time stamp"
        out.append(f"  signed by  {verdict.signer}{when}: {_TRUST[verdict.trust]}")
    if verdict.made_with:
        out.append(f"  made with  {verdict.made_with}")
    if verdict.edit:
        out.append(f"  done       facial expression: {verdict.edit} (ned {verdict.edited_with})")
    if verdict.actions:
        out.append(f"  actions    {', '.join(verdict.actions)}")
    if verdict.source:
        history = ", which had a manifest of its own" if verdict.source_signed else ""
        digest = f", SHA-256 {verdict.source_sha256}" if verdict.source_sha256 else ""
        out.append(f"  source     {verdict.source}{history}{digest}")
    if source is not None:
        told = {True: "is the source", False: "is NOT the source", None: "cannot be compared: no hash is said"}
        out.append(f"             {source} {told[verdict.source_matches]}")
    return out
