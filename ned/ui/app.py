"""What the page asks, and what is answered. Ids are looked up in the session that asks; no text of a request becomes a
path."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from ned.errors import NedError, UserError
from ned.ui.client import WorkerClient
from ned.ui.document import Document, StillDocument
from ned.ui.files import Files
from ned.ui.guard import Guard
from ned.ui.jobs import PageJobs, output_name
from ned.ui.requests import failed, gone, json_of, refused, sent, session_of, time_of
from ned.ui.settings import UiSettings
from ned.ui.store import Session, Store, read_json
from ned.ui.uploads import Uploads

STATIC = Path(__file__).parent / "static"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
SWEEP_S = 60.0
LOOP_S = 2.0
_REPORT_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"


class Page:
    """The handlers, and what they share."""

    def __init__(self, settings: UiSettings) -> None:
        self.settings, self.store = settings, Store(settings.root)
        self.worker = WorkerClient()
        self.files, self.jobs, self.uploads = Files(self.worker), PageJobs(self.store, settings), Uploads(settings)
        self._static = {path.name: path for path in STATIC.iterdir() if path.suffix in KINDS}

    # -- the page itself

    async def index(self, request: Request) -> Response:
        return FileResponse(self._static["index.html"], media_type="text/html")

    async def static(self, request: Request) -> Response:
        path = self._static.get(request.path_params["name"])
        if path is None:
            raise HTTPException(404)
        return FileResponse(path, media_type=KINDS[path.suffix], headers={"cache-control": "no-cache"})

    async def session(self, request: Request) -> Response:
        """All that is there: what a tab that comes back asks first, and every second."""
        session = session_of(request)
        folders = session.all("files")
        for folder in folders:
            self.files.look(session, folder)
        jobs = await asyncio.to_thread(lambda: [self.jobs.state(folder) for folder in session.all("jobs")])
        limits = {"upload": self.settings.max_upload_bytes, "keep_hours": self.settings.keep_s / 3600}
        return JSONResponse({"files": [self.files.state(f) for f in folders], "jobs": jobs[::-1], "limits": limits})

    async def leave(self, request: Request) -> Response:
        """Delete everything of this session."""
        await self._delete(session_of(request))
        return JSONResponse({})

    async def _delete(self, session: Session) -> None:
        for folder in session.all("jobs"):
            await self._remove_job(folder)
        for folder in session.all("files"):
            await self.files.remove(folder)
        await asyncio.to_thread(session.delete)

    # -- files

    async def upload(self, request: Request) -> Response:
        session, said = session_of(request), request.headers.get("content-length")
        length = int(said) if said is not None and said.isascii() and said.isdigit() else None
        name = request.query_params.get("name", "")[:400]
        folder = await self.uploads.take(session, name, length, request.stream())
        self.files.look(session, folder)
        return JSONResponse(self.files.state(folder), 201)

    async def remove_file(self, request: Request) -> Response:
        session, folder = session_of(request), self._file(request)
        if self.jobs.use(session, folder.name):
            raise UserError("a job works on this file", remedy="cancel the job first")
        await self.files.remove(folder)
        return JSONResponse({})

    async def media(self, request: Request) -> Response:
        return sent(self.files.media(self._file(request)))

    async def face(self, request: Request) -> Response:
        folder, number = self._file(request), request.path_params["number"]
        known = [str(person["number"]) for person in (read_json(folder / "facts.json") or {}).get("people", [])]
        return sent(folder / f"face-{number}.jpg" if number in known else None)

    async def curves(self, request: Request) -> Response:
        found = read_json(self._file(request) / "curves.json")
        if found is None:
            raise HTTPException(404)
        return JSONResponse(found)

    async def frame(self, request: Request) -> Response:
        """The original at a time; of a photograph, the photograph."""
        folder = self._file(request)
        if self.files.kind(folder) == "image":
            return sent(folder / "frame.jpg")
        to, said = self.files.fresh(folder, ".jpg"), self.files.looked_at(session_of(request), folder)
        found = await self.worker.ask("frame", **said, time=time_of(request.query_params.get("time")), to=str(to))
        return FileResponse(to, media_type="image/jpeg", headers={"x-ned-frame": str(found["index"])})

    async def preview(self, request: Request) -> Response:
        """The same, edited."""
        folder, body = self._file(request), await json_of(request)
        to, said = self.files.fresh(folder, ".jpg"), self._asking(request, folder, body)
        do = "still" if said["kind"] == "image" else "preview"
        found = await self.worker.ask(do, **said, time=time_of(body.get("time", 0)), to=str(to))
        return FileResponse(to, media_type="image/jpeg", headers={"x-ned-frame": str(found["index"])})

    async def loop(self, request: Request) -> Response:
        """Two seconds, made before this is answered; who goes away ends it."""
        folder, body = self._file(request), await json_of(request)
        after = self.files.fresh(folder, ".mp4")
        before = self.files.fresh(folder, ".mp4")
        said = self._asking(request, folder, body)
        asked = asyncio.create_task(
            self.worker.ask(
                "loop", **said, time=time_of(body.get("time", 0)), length=LOOP_S, before=str(before), after=str(after)
            )
        )
        while not (await asyncio.wait([asked], timeout=0.3))[0]:
            if await request.is_disconnected():
                asked.cancel()
                return Response(status_code=400)
        await asked
        return JSONResponse({"before": before.stem, "after": after.stem})

    async def look(self, request: Request) -> Response:
        return sent(self.files.find_look(self._file(request), request.path_params["look"], ".mp4"))

    async def copy(self, request: Request) -> Response:
        """The wish as a command and as YAML."""
        folder, body = self._file(request), await json_of(request)
        source, wish = self.files.source(folder), self._wish(session_of(request), folder, body.get("document"))
        wish.config(source)
        name = output_name(source, wish)
        return JSONResponse({"command": wish.command(source, name), "yaml": wish.yaml(), "output": name})

    # -- jobs

    async def submit(self, request: Request) -> Response:
        session, folder, body = session_of(request), self._file(request), await json_of(request)
        wish = self._wish(session, folder, body.get("document"))
        job = await asyncio.to_thread(self.jobs.submit, session, self.files.source(folder), wish, folder.name)
        return JSONResponse(self.jobs.state(job), 201)

    async def cancel(self, request: Request) -> Response:
        await asyncio.to_thread(self.jobs.cancel, self._job(request))
        return JSONResponse({})

    async def resume(self, request: Request) -> Response:
        await asyncio.to_thread(self.jobs.resume, session_of(request), self._job(request))
        return JSONResponse({})

    async def remove_job(self, request: Request) -> Response:
        await self._remove_job(self._job(request))
        return JSONResponse({})

    async def _remove_job(self, folder: Path) -> None:
        await self.files.end(folder)
        await asyncio.to_thread(self.jobs.remove, folder)

    async def job_copy(self, request: Request) -> Response:
        """What a job was asked, as it was asked."""
        folder = self._job(request)
        return Response((folder / "edit.yaml").read_bytes(), media_type="text/plain; charset=utf-8")

    async def result(self, request: Request) -> Response:
        """A finished file, as a download."""
        path = self.jobs.output(self._job(request), request.path_params["what"])
        if path is None:
            raise HTTPException(404)
        if path.suffix == ".html" and "save" not in request.query_params:
            policy = {"content-security-policy": _REPORT_POLICY}
            return FileResponse(path, media_type="text/html", headers=policy)
        return FileResponse(path, filename=path.name, media_type="application/octet-stream")

    async def watch(self, request: Request) -> Response:
        """The result as a browser plays it; a proxy is made where it cannot play it."""
        folder = self._job(request)
        path = self.jobs.output(folder, "result")
        if path is None:
            raise HTTPException(404)
        still = self.jobs.state(folder)["kind"] == "image"
        return sent(path if still else await self.files.played(folder, path))

    # -- what they have in common

    def _file(self, request: Request) -> Path:
        folder = session_of(request).find("files", request.path_params["file"])
        if folder is None:
            raise HTTPException(404)
        return folder

    def _job(self, request: Request) -> Path:
        folder = session_of(request).find("jobs", request.path_params["job"])
        if folder is None:
            raise HTTPException(404)
        return folder

    def _clips(self, session: Session) -> dict[str, str]:
        """Uploaded videos, which may be named as references."""
        return {f.name: str(self.files.source(f)) for f in session.all("files") if (f / "facts.json").exists()}

    def _wish(self, session: Session, folder: Path, said: Any) -> Document | StillDocument:
        if self.files.kind(folder) == "image":
            return StillDocument.read(said)
        clips = self._clips(session)
        return Document.read(said, lambda ident: Path(clips[ident]) if ident in clips else None)

    def _asking(self, request: Request, folder: Path, body: dict[str, Any]) -> dict[str, Any]:
        session = session_of(request)
        said = self.files.looked_at(session, folder)
        return said | {"document": body.get("document"), "clips": self._clips(session)}

    @contextlib.asynccontextmanager
    async def alive(self, app: Starlette) -> AsyncIterator[None]:
        """While the page is served: the worker is warm, and sessions that are over are deleted."""
        await self.worker.begin()
        sweeper = asyncio.create_task(self._sweep())
        try:
            yield
        finally:
            sweeper.cancel()
            await self.worker.close()

    async def _sweep(self) -> None:
        while True:
            try:
                for session in list(self.store.idle(self.settings.keep_s)):
                    if not self.jobs.running(session):
                        with contextlib.suppress(NedError, OSError):
                            await self._delete(session)
                for folder in await asyncio.to_thread(lambda: list(self.uploads.left_behind(self.store.sessions()))):
                    await self.files.remove(folder)
            except Exception as error:  # the next round may do better
                print(f"ned: sweeping: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            await asyncio.sleep(SWEEP_S)


def build_app(settings: UiSettings) -> Starlette:
    """The whole of it. Raises UserError where the data folder cannot be used."""
    page = Page(settings)
    f, j = "/api/files/{file}", "/api/jobs/{job}"
    routes = [
        Route("/", page.index), Route("/static/{name}", page.static),
        Route("/api/session", page.session), Route("/api/session", page.leave, methods=["DELETE"]),
        Route("/api/files", page.upload, methods=["POST"]), Route(f, page.remove_file, methods=["DELETE"]),
        Route(f"{f}/media", page.media), Route(f + "/faces/{number}", page.face),
        Route(f"{f}/curves", page.curves), Route(f"{f}/frame", page.frame),
        Route(f"{f}/preview", page.preview, methods=["POST"]), Route(f"{f}/loop", page.loop, methods=["POST"]),
        Route(f + "/looks/{look}", page.look), Route(f"{f}/copy", page.copy, methods=["POST"]),
        Route(f"{f}/jobs", page.submit, methods=["POST"]), Route(j, page.remove_job, methods=["DELETE"]),
        Route(f"{j}/cancel", page.cancel, methods=["POST"]), Route(f"{j}/resume", page.resume, methods=["POST"]),
        Route(f"{j}/yaml", page.job_copy), Route(f"{j}/watch", page.watch), Route(j + "/{what}", page.result),
    ]  # fmt: skip
    handlers: dict[Any, Any] = {NedError: failed, HTTPException: refused, ClientDisconnect: gone}
    app = Starlette(
        routes=routes, lifespan=page.alive, exception_handlers=handlers,
        middleware=[Middleware(Guard, store=page.store, settings=settings)],
    )  # fmt: skip
    app.state.page = page
    return app
