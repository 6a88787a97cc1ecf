"""Signing: a complete file goes in, the same film with its manifest comes out."""

from __future__ import annotations

import contextlib
import io
import json
import os
import secrets
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ned.errors import ProcessingError, UserError
from ned.provenance.credential import Credential
from ned.provenance.library import context, load, media_type, reason
from ned.provenance.statement import Statement, sha256_of
from ned.workspace import SIGNED_CONTAINERS, manifest_path

if TYPE_CHECKING:
    import c2pa

_SIDECAR_BYTES = 64 * 1024**2
_HISTORY = "source.c2pa"


class Signing:
    """The credential, tried, and the source's hash, which another thread works out while frames are rendered."""

    def __init__(self, credential: Credential, source: Path) -> None:
        """UserError where c2pa refuses the credential."""
        self.credential, self._source, self._sha256 = credential, source, ""
        self._error: OSError | None = None
        check_credential(credential)
        self._thread = threading.Thread(target=self._hash, name="ned-sha256", daemon=True)
        self._thread.start()

    def finish(self, part: Path, final: Path, statement: Statement, beside: bool = False) -> None:
        """Sign `part`, a complete file that is about to be called `final`; errors as `sign_video`."""
        self._thread.join()
        if self._error is not None:
            raise ProcessingError(f"cannot be read any more ({self._error.strerror})", path=self._source)
        sign_video(part, final, statement, self.credential, source_sha256=self._sha256, beside=beside)

    def _hash(self) -> None:
        try:
            self._sha256 = sha256_of(self._source)
        except OSError as error:
            self._error = error


def check_credential(credential: Credential) -> None:
    """UserError where c2pa does not sign with it, for example since the certificate's purpose is another."""
    c2pa = load()
    definition = {"claim_generator_info": [{"name": "ned"}], "title": "trial"}
    try:
        with context() as settings, c2pa.Builder(definition, context=settings) as builder:
            builder.set_no_embed()
            builder.sign(_signer(credential), "application/octet-stream", io.BytesIO(b"trial"), io.BytesIO())
    except c2pa.C2paError as error:
        raise UserError(
            f"C2PA refuses the certificate ({reason(error)})",
            remedy="give a chain for signing documents or e-mail, the signer's first, or pass --no-provenance",
        ) from error


def sign_video(
    part: Path,
    final: Path,
    statement: Statement,
    credential: Credential,
    *,
    source_sha256: str = "",
    beside: bool = False,
) -> None:
    """Sign the complete file `part`, which is to be called `final`.

    Where the container takes a manifest, `part` is replaced by the signed film, of which every packet and time is
    the same; else the manifest is written beside `final`. Memory is constant, the disk must hold the film twice
    for that moment. A manifest that the source carries, or that lies beside it, goes along as its history.
    ProcessingError where it fails; `part` is then as it was.
    """
    suffix = final.suffix.lower()
    digest = source_sha256 or sha256_of(statement.source)
    signed = part.with_name(f".ned-{secrets.token_hex(6)}{suffix}")
    try:
        manifest = _sign(part, signed, final, statement, credential, digest, beside)
        if suffix in SIGNED_CONTAINERS:
            os.replace(signed, part)
        else:
            _write(manifest_path(final), manifest)
    except OSError as error:
        raise ProcessingError(f"cannot be signed ({error.strerror})", path=final) from error
    finally:
        with contextlib.suppress(OSError):
            signed.unlink(missing_ok=True)


def _sign(
    part: Path, signed: Path, final: Path, statement: Statement, credential: Credential, digest: str, beside: bool
) -> bytes:
    c2pa = load()
    definition = statement.definition(final.name, digest, beside)
    failure: Exception | None = None
    for way in (_from_beside, _from_file, _by_name):  # from the most to the least that can be said of the source
        try:
            with context() as settings, way(definition, statement.source, settings) as builder:
                for action in statement.actions(beside):
                    builder.add_action(action)
                if final.suffix.lower() not in SIGNED_CONTAINERS:
                    builder.set_no_embed()
                with part.open("rb") as film, signed.open("w+b") as out:
                    return builder.sign(_signer(credential), media_type(final), film, out)
        except (c2pa.C2paError, KeyError, ValueError) as error:
            failure = error
    raise ProcessingError(
        f"cannot be signed ({reason(failure)})", path=final, remedy="look at the disk, or pass --no-provenance"
    )


def _from_beside(definition: dict[str, Any], source: Path, settings: c2pa.Context) -> c2pa.Builder:
    """A builder that takes over the manifest that lies beside the source; C2paError where there is none."""
    c2pa = load()
    beside = manifest_path(source)
    if beside is None or not beside.is_file() or beside.stat().st_size > _SIDECAR_BYTES:
        raise c2pa.C2paError.ManifestNotFound("no manifest beside the source")
    manifest = beside.read_bytes()
    with source.open("rb") as film, c2pa.Reader(media_type(source), film, manifest, context=settings) as reader:
        store = json.loads(reader.json())
    history = {
        "manifest_data": {"format": "application/c2pa", "identifier": _HISTORY},
        "active_manifest": store["active_manifest"], "validation_results": store["validation_results"],
    }  # fmt: skip
    builder = _by_name(definition, source, settings, history)
    builder.add_resource(_HISTORY, io.BytesIO(manifest))
    return builder


def _from_file(definition: dict[str, Any], source: Path, settings: c2pa.Context) -> c2pa.Builder:
    """A builder that takes over the manifest in the source, if any; C2paError where c2pa cannot read the source."""
    c2pa = load()
    builder = c2pa.Builder(definition, context=settings)
    builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
    with source.open("rb") as file:
        builder.add_ingredient(json.dumps(_named(source)), media_type(source), file)
    return builder


def _by_name(
    definition: dict[str, Any], source: Path, settings: c2pa.Context, history: dict[str, Any] | None = None
) -> c2pa.Builder:
    """A builder that knows the source's name and, where there is one, its `history`."""
    c2pa = load()
    ingredients = [_named(source) | (history or {})]
    builder = c2pa.Builder(definition | {"ingredients": ingredients}, context=settings)
    builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
    return builder


def _named(source: Path) -> dict[str, str]:
    return {"title": source.name, "format": media_type(source), "relationship": "parentOf"}


def _signer(credential: Credential) -> c2pa.Signer:
    c2pa = load()
    name = credential.algorithm.encode()
    return c2pa.Signer.from_info(c2pa.C2paSignerInfo(name, credential.chain, credential.key, None))


def _write(path: Path, manifest: bytes) -> None:
    part = path.with_name(f".ned-{secrets.token_hex(6)}.c2pa")
    try:
        with part.open("xb") as file:
            file.write(manifest)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
