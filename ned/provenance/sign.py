"""Signing: a complete file goes in, the same video with its manifest comes out."""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import threading
from pathlib import Path

from ned.errors import NedError, ProcessingError, UserError
from ned.provenance.contained import Contained, Failed, call
from ned.provenance.credential import Credential, load_credential, local_credential
from ned.provenance.library import media_type
from ned.provenance.statement import Statement
from ned.provenance.worker import MAX_MANIFEST_BYTES, WAYS
from ned.workspace import SIGNED_CONTAINERS, manifest_path, sha256_of


class Signing:
    """The credential, which is tried, and the source's hash, both by another thread while frames are seen and rendered;
    then the process that will sign gets ready."""

    def __init__(self, credential: Credential, source: Path) -> None:
        self.credential, self._source, self._sha256 = credential, source, ""
        self._refused: NedError | None = None
        self._error: OSError | None = None
        self._tried, self._worker = threading.Event(), None
        self._thread = threading.Thread(target=self._prepare, name="ned-signing", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Wait until the credential was tried. UserError where c2pa refuses it, ProcessingError without c2pa."""
        self._tried.wait()
        if self._refused is not None:
            raise self._refused

    def finish(self, part: Path, final: Path, statement: Statement, beside: bool = False) -> None:
        """Sign `part`, a complete file that is about to be called `final`; errors as `check` and `sign_video`."""
        self.check()
        self._thread.join()
        if self._error is not None:
            raise ProcessingError(f"cannot be read any more ({self._error.strerror})", path=self._source)
        worker, self._worker = self._worker, None
        sign_video(
            part, final, statement, self.credential, source_sha256=self._sha256, beside=beside, worker=worker
        )

    def _prepare(self) -> None:
        try:
            check_credential(self.credential)
        except NedError as error:
            self._refused = error
            return
        finally:
            self._tried.set()
        try:
            self._sha256 = sha256_of(self._source)
            self._worker = Contained()
        except OSError as error:
            self._error = error


def begin_signing(source: Path, wanted: bool, certificate: Path | None, key: Path | None) -> Signing | None:
    """What signs outputs made of `source`, with this computer's credential where none is given; None where it is not
    wanted. UserError for a bad credential, before any work; this computer's own is tried meanwhile (`check`)."""
    if not wanted:
        return None
    if certificate is None or key is None:
        return Signing(local_credential(), source)
    signing = Signing(load_credential(certificate, key), source)
    signing.check()
    return signing


def check_credential(credential: Credential) -> None:
    """UserError where c2pa does not sign with it, for example since the certificate's purpose is another."""
    try:
        call("trial", 0, **_texts(credential))
    except Failed as error:
        raise UserError(
            f"C2PA refuses the certificate ({error})",
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
    worker: Contained | None = None,
) -> None:
    """Sign the complete file `part`, which is to be called `final`; by `worker` where one waits already.

    Where the container takes a manifest, `part` is replaced by the signed video, of which every packet and time is
    the same; else the manifest is written beside `final`. Memory is constant, the disk must hold the video up
    to four times for that moment. A manifest that the source carries, or that lies beside it, is kept as its history.
    ProcessingError where it fails; `part` is then as it was.
    """
    suffix = final.suffix.lower()
    digest = source_sha256 or sha256_of(statement.source)
    signed = part.with_name(f".ned-{secrets.token_hex(6)}{suffix}")
    try:
        manifest = _sign(part, signed, final, statement, credential, digest, beside, worker)
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
    part: Path, signed: Path, final: Path, statement: Statement, credential: Credential, digest: str, beside: bool,
    worker: Contained | None,
) -> bytes:
    source, failure = statement.source, ""
    near = manifest_path(source)
    has_near = near is not None and near.is_file() and near.stat().st_size <= MAX_MANIFEST_BYTES
    size = part.stat().st_size + source.stat().st_size
    for way in WAYS if has_near else WAYS[1:]:
        ask, worker = call if worker is None else worker.call, None  # which does one task
        try:
            answer = ask(
                "sign", size, part.parent, video=str(part), signed=str(signed), kind=media_type(final),
                embed=final.suffix.lower() in SIGNED_CONTAINERS,
                definition=statement.definition(final.name, digest, beside), actions=statement.actions(beside),
                source=str(source), beside=str(near) if has_near else None, way=way,
                **_texts(credential),
            )  # fmt: skip
            return base64.b64decode(answer["manifest"])
        except Failed as error:
            failure = str(error)
    raise ProcessingError(
        f"cannot be signed ({failure})", path=final, remedy="look at the disk, or pass --no-provenance"
    )


def _texts(credential: Credential) -> dict[str, str]:
    """Handed over on the worker's input: command lines can be read by all."""
    return {
        "chain": credential.chain.decode("ascii"), "key": credential.key.decode("ascii"),
        "algorithm": credential.algorithm,
    }  # fmt: skip


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
