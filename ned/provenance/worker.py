"""The process that lets c2pa read and sign: a task as JSON on its input, the answer as JSON on its output."""

from __future__ import annotations

import base64
import io
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ned.errors import NedError
from ned.provenance.credential import Credential
from ned.provenance.library import context, load, media_type, reason, signer

if TYPE_CHECKING:
    import c2pa

MAX_MANIFEST_BYTES = 64 * 1024**2
_MEMORY_BYTES = 8 * 1024**3
_HISTORY = "source.c2pa"


def main() -> None:
    """Do the one task."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    try:
        c2pa = load()  # while who asks may still be at work on what is to be signed
    except NedError as error:
        sys.stdin.read()
        sys.stdout.write(json.dumps({"unavailable": error.cause}))
        return
    asked = sys.stdin.read()
    if not asked:  # nobody wants it any more
        return
    arguments = json.loads(asked)
    if folder := arguments.pop("folder"):
        os.environ["TMPDIR"] = folder
    try:
        answer = {"read": read, "sign": sign, "trial": trial}[arguments.pop("task")](**arguments)
    except (c2pa.C2paError.ManifestNotFound, c2pa.C2paError.NotSupported) as error:
        answer = {"error": reason(error), "missing": True}
    except (c2pa.C2paError, OSError, ValueError, KeyError, RecursionError, MemoryError) as error:
        answer = {"error": reason(error) or type(error).__name__}
    sys.stdout.write(json.dumps(answer))


def read(video: str, manifest: str | None, roots: str) -> dict[str, Any]:
    """The manifest store in a video, or in a file beside it, and its `state`."""
    c2pa, path = load(), Path(video)
    beside = Path(manifest).read_bytes() if manifest else None
    with (
        context(roots) as settings,
        path.open("rb") as file,
        c2pa.Reader(media_type(path), file, beside, context=settings) as reader,
    ):
        return {**json.loads(reader.json()), "state": reader.get_validation_state()}


def trial(chain: str, key: str, algorithm: str) -> dict[str, bool]:
    """Sign a few bytes; C2paError where the library refuses the certificate."""
    c2pa = load()
    credential = Credential(chain.encode(), key.encode(), algorithm, local=False)
    with context() as settings, c2pa.Builder({"claim_generator_info": [{"name": "ned"}]}, context=settings) as builder:
        builder.set_no_embed()
        builder.sign(signer(credential), "application/octet-stream", io.BytesIO(b"trial"), io.BytesIO())
    return {"done": True}


def sign(
    video: str,
    signed: str,
    kind: str,
    embed: bool,
    definition: dict[str, Any],
    actions: list[dict[str, Any]],
    source: str,
    beside: str | None,
    way: str,
    chain: str,
    key: str,
    algorithm: str,
) -> dict[str, str]:
    """Sign a video of the media type `kind`; the manifest in base64. `way`: how the source gets in, one of WAYS."""
    credential = Credential(chain.encode(), key.encode(), algorithm, local=False)
    build = {"beside": _from_beside, "file": _from_file, "name": _by_name}[way]
    with context() as settings, build(definition, Path(source), beside, settings) as builder:
        for action in actions:
            builder.add_action(action)
        if not embed:
            builder.set_no_embed()
        with Path(video).open("rb") as file, Path(signed).open("w+b") as out:
            manifest = builder.sign(signer(credential), kind, file, out)
    return {"manifest": base64.b64encode(manifest).decode()}


WAYS = ("beside", "file", "name")
"""From the most to the least that can be said of the source: its manifest beside it, that in it, its name only."""


def _from_beside(definition: dict, source: Path, beside: str | None, settings: c2pa.Context) -> c2pa.Builder:
    """A builder that takes over the manifest that lies beside the source; C2paError where it cannot be read."""
    if beside is None:
        raise ValueError("no manifest beside the source")
    store = read(str(source), beside, "")
    history = {
        "manifest_data": {"format": "application/c2pa", "identifier": _HISTORY},
        "active_manifest": store["active_manifest"], "validation_results": store["validation_results"],
    }  # fmt: skip
    builder = _by_name(definition, source, beside, settings, history)
    builder.add_resource(_HISTORY, io.BytesIO(Path(beside).read_bytes()))
    return builder


def _from_file(definition: dict, source: Path, _beside: str | None, settings: c2pa.Context) -> c2pa.Builder:
    """A builder that takes over the manifest in the source, if any; C2paError where c2pa cannot read the source."""
    c2pa = load()
    builder = c2pa.Builder(definition, context=settings)
    builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
    with source.open("rb") as file:
        builder.add_ingredient(json.dumps(_named(source)), media_type(source), file)
    return builder


def _by_name(
    definition: dict, source: Path, _beside: str | None, settings: c2pa.Context, history: dict | None = None
) -> c2pa.Builder:
    """A builder that knows the source's name and, where there is one, its `history`."""
    c2pa = load()
    ingredients = [_named(source) | (history or {})]
    builder = c2pa.Builder(definition | {"ingredients": ingredients}, context=settings)
    builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
    return builder


def _named(source: Path) -> dict[str, str]:
    return {"title": source.name, "format": media_type(source), "relationship": "parentOf"}


if __name__ == "__main__":
    main()
