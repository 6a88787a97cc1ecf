"""Fetching a model: it resumes, is checked, and lands under its name whole or not at all."""

from __future__ import annotations

import contextlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from ned import workspace
from ned.errors import ProcessingError, UserError
from ned.files.atomic import failed_write, give_name
from ned.models.registry import Model
from ned.models.store import check, make_root, model_path, record, state_of
from ned.runtime.progress import Progress, Silent, Stage
from ned.version import __version__

TIMEOUT_S = 30.0
"""Without a byte for so long, the connection counts as broken."""

MAX_BYTES = 2 * 1024**3
"""Where the registry does not know the size."""

_CHUNK = 1 << 18
_LOCAL = ("127.0.0.1", "localhost", "::1")


def fetch_model(model: Model, sha256: str = "", unchecked: bool = False, progress: Progress | None = None) -> Path:
    """Fetch a model from where its publisher has it, unless a good file is there already; its path.

    What an interrupted fetch left is gone on with. A file of another size or checksum is refused and removed; so is a
    redirect to a host that the registry does not name, or away from https. UserError, ProcessingError: nothing stands
    under the file's name then, and what was there before stays.
    """
    target = model_path(model)
    if state_of(model) == "good" and (not sha256 or workspace.sha256_of(target) == sha256.lower()):
        return target
    if not model.url:
        raise UserError(f"nobody is known who serves {model.name}", remedy="give your own with --from FILE")
    if not (model.sha256 or sha256 or unchecked):
        raise UserError(f"the checksum of {model.name} is not known",
                        remedy="pass --sha256 with its publisher's, or --unchecked to record what comes")  # fmt: skip
    make_root()
    part = target.with_name(target.name + ".part")
    with workspace.alone_in(target.parent, "fetching models"), _unfinished(part) as file:
        try:
            known = bool(model.sha256 or sha256)
            if not known:  # nothing would tell that a beginning is of another version of the file
                file.truncate(0)
            began = file.seek(0, os.SEEK_END)
            _complete(model, file, known, progress or Silent())
            try:
                found = check(model, part, sha256)
            except UserError:
                if not began:
                    raise
                file.truncate(0)  # the beginning may be of another version of the file
                _complete(model, file, known, progress or Silent())
                found = check(model, part, sha256)
            record(model, found)
            give_name(part, target)
        except UserError as error:
            if error.path == part:  # what came is something else: nothing of it is worth keeping
                part.unlink(missing_ok=True)
                raise UserError(
                    error.cause, path=model.url, remedy="the publisher may have changed the file"
                ) from error
            raise
        except OSError as error:
            part.unlink(missing_ok=True)
            raise failed_write(target, error) from error
    return target


@contextlib.contextmanager
def _unfinished(part: Path) -> Iterator[BinaryIO]:
    """The unfinished file, opened at its end; removed where nothing came."""
    with part.open("ab") as file:
        try:
            yield file
        finally:
            with contextlib.suppress(OSError):
                if part.stat().st_size == 0:
                    part.unlink()


def _complete(model: Model, file: BinaryIO, known: bool, progress: Progress) -> None:
    """Append what is missing. ProcessingError where the connection breaks: what came stays for the next time. `known`:
    whether a checksum will tell if all came; else the server must say how much there is."""
    have = file.seek(0, os.SEEK_END)
    if model.size and have == model.size:
        return
    if model.size and have > model.size:
        have = file.truncate(0)
    if model.size:
        workspace.check_space(Path(file.name).parent, model.size - have)
    try:
        with _open(model, have) as answer:
            if have and answer.status != 206:
                have = file.truncate(0)
            most = model.size or MAX_BYTES
            if not (known or model.size or answer.headers.get("Content-Length") or answer.chunked):
                raise ProcessingError("the server does not say how long the file is", path=model.url,
                                      remedy="give its checksum with --sha256, or a file with --from")  # fmt: skip
            expected = have + int(answer.headers.get("Content-Length") or 0)
            if model.size and answer.headers.get("Content-Length") and expected != model.size:
                raise UserError(f"{expected} bytes are offered, not {model.size}", path=Path(file.name))
            with progress.stage(model.name, (model.size or expected or None)) as stage:
                _copy(answer, file, have, most, stage)
            if not model.size and answer.length:
                raise http.client.IncompleteRead(b"", answer.length)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing is missing, or the file is another one now: the check decides
            return
        cause = f"the server answers {error.code} {error.reason}"
        raise ProcessingError(cause, path=model.url, remedy="try again later, or give a file with --from") from error
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise _broken(model, getattr(error, "reason", None) or error) from error
    if model.size and file.seek(0, os.SEEK_END) < model.size:
        raise _broken(model, "the answer is too short")


def _broken(model: Model, reason: object) -> ProcessingError:
    remedy = "run the command again to go on, or give a file with --from"
    return ProcessingError(f"the connection broke ({reason})", path=model.url, remedy=remedy)


def _copy(answer: http.client.HTTPResponse, file: BinaryIO, have: int, most: int, stage: Stage) -> None:
    while chunk := _read(answer):
        have += len(chunk)
        if have > most:
            raise UserError(f"more than {most} bytes came", path=Path(file.name))
        file.write(chunk)
        stage.update(have)
    file.flush()


def _read(answer: http.client.HTTPResponse) -> bytes:
    """The next piece. What breaks here is the connection, not the disk."""
    try:
        return answer.read(_CHUNK)
    except OSError as error:
        raise ConnectionError(error.strerror or str(error)) from error


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows only to the hosts that the registry names, and never from https to http."""

    def __init__(self, model: Model) -> None:
        self._allowed = {urlsplit(model.url).hostname, *model.hosts}
        self._secure = urlsplit(model.url).scheme == "https"

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        to = urlsplit(newurl)
        if to.hostname not in self._allowed or (self._secure and to.scheme != "https"):
            raise UserError(f"the server sends us to {to.scheme}://{to.hostname}", path=req.full_url,
                            remedy="fetch it by hand, if you trust that, and give it with --from")  # fmt: skip
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _open(model: Model, have: int) -> http.client.HTTPResponse:
    where = urlsplit(model.url)
    if where.scheme != "https" and not (where.scheme == "http" and where.hostname in _LOCAL):
        raise UserError("is no https address", path=model.url, remedy="this is a mistake in the registry")
    request = urllib.request.Request(model.url, headers={"User-Agent": f"ned/{__version__}"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    return urllib.request.build_opener(_Redirects(model)).open(request, timeout=TIMEOUT_S)
