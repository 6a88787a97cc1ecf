"""`ned models`."""

from __future__ import annotations

import json as to_json
from dataclasses import dataclass
from pathlib import Path

from ned.cli.arguments import Command
from ned.cli.groups import Group, ManyCommand, Several
from ned.config.options import option
from ned.errors import UserError


@dataclass(frozen=True)
class ListModels(Command):
    """What optional models there are, for what, under which licence, and which are here."""

    name = "list"
    json: bool = option(False, help="write JSON")

    def main(self) -> int:
        from ned.models import MODELS, models_root, state_of

        states = {model.name: state_of(model) for model in MODELS}
        if self.json:
            rows = [
                {"name": m.name, "state": states[m.name], "kind": m.kind, "purpose": m.purpose, "licence": m.licence,
                 "url": m.url or None, "size": m.size or None, "sha256": m.sha256 or None} for m in MODELS
            ]  # fmt: skip
            print(to_json.dumps({"folder": str(models_root()), "models": rows}, indent=1))
            return 0
        print(f"in {models_root()}")
        for m in MODELS:
            size = f"{m.size / 1e6:.1f} MB" if m.size else "size unknown"
            where = "" if m.url else "; give it with --from"
            print(f"{m.name:25s} {states[m.name]:8s} {m.purpose}; {m.licence}; {size}{where}")
        return 0


@dataclass(frozen=True)
class FetchModels(ManyCommand):
    """Fetch models from their publishers, or take a file that you have; checked, and whole or not at all."""

    name = "fetch"
    several = {"models": Several("names of models, see `ned models list`", "NAME")}
    models: tuple[str, ...]
    file: Path | None = option(None, flag="--from", metavar="FILE", help="take this file instead of fetching")
    sha256: str = option("", metavar="HEX", help="what its checksum must be, where the registry does not know")
    unchecked: bool = option(False, help="fetch a model whose checksum nobody told, and record what came")
    quiet: bool = option(False, help="show no progress")

    def __post_init__(self) -> None:
        if self.file is not None and len(self.models) != 1:
            raise UserError(f"--from goes with one model, not {len(self.models)}", remedy="give them one at a time")
        if self.sha256 and (len(self.sha256) != 64 or set(self.sha256.lower()) - set("0123456789abcdef")):
            raise UserError(f"sha256 is {self.sha256!r}", remedy="give 64 hexadecimal digits")
        if self.sha256 and len(self.models) != 1:
            raise UserError("--sha256 goes with one model", remedy="give them one at a time")

    def main(self) -> int:
        from ned.models import model_named, take_file
        from ned.models.fetch import fetch_model
        from ned.runtime.progress import for_stream

        wanted = [model_named(name) for name in self.models]
        for model in wanted:
            if self.file is not None:
                path = take_file(model, self.file, self.sha256)
            else:
                path = fetch_model(model, self.sha256, self.unchecked, for_stream(quiet=self.quiet, unit="bytes"))
            print(path)
        return 0


@dataclass(frozen=True)
class ModelPath(Command):
    """Print where the file of a model lies; exit code 2 where it does not."""

    name = "path"
    model: str = option(help="name of a model", metavar="NAME")

    def main(self) -> int:
        from ned.models import find_model, model_named
        from ned.models.store import why_absent

        model = model_named(self.model)
        path = find_model(model)
        if path is None:
            raise UserError(f"{self.model} is not here", remedy=why_absent(model))
        print(path)
        return 0


@dataclass(frozen=True)
class VerifyModels(ManyCommand):
    """Hold models against their checksums; exit code 1 where one is damaged."""

    name = "verify"
    several = {"models": Several("names of models; default: all that are here", "NAME", least=0)}
    models: tuple[str, ...] = ()

    def main(self) -> int:
        from ned.models import MODELS, model_named, model_path, state_of

        chosen = [model_named(name) for name in self.models] or list(MODELS)
        code = 0
        for model in chosen:
            state = state_of(model)
            if state == "absent" and not self.models:
                continue
            print(f"{state:8s} {model_path(model)}")
            code = max(code, {"good": 0, "unknown": 0, "damaged": 1, "absent": 2}[state])
        return code


class Models(Group):
    """List, fetch and verify optional models of others, which `ned evaluate` can use."""

    name = "models"
    commands = (ListModels, FetchModels, ModelPath, VerifyModels)
