"""The process beside the page's own that looks at videos: a line of JSON in is a request, lines out are what comes of
it. `python -m ned.ui.worker`; ends with its standard input.

    {"id": 7, "do": "preview", …}  →  {"id": 7, "done": n, "total": m}*  {"id": 7, "result": …} or {"id": 7, "error": …}
    {"id": 7, "do": "cancel"}      →  that request ends at the next frame

Looking, previews and what else takes long have a thread each, so that a slider answers while a video is analysed, and
a file can be removed.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import TextIOBase
from pathlib import Path
from typing import IO, Any

from ned.errors import NedError
from ned.runtime.cancel import CancelToken
from ned.runtime.events import Reported, StageAdvanced
from ned.ui.document import Document, StillDocument

MOST_SCENES = 3
"""That are kept at once; others are read again from the cache of analyses."""
Tell = Callable[[int, int], None]
_TELL_S = 0.2
_THREADS = {"preview": "paint", "frame": "paint", "still": "paint", "loop": "loop", "proxy": "proxy",
            "curves": "curves", "plays": "short", "forget": "short"}  # fmt: skip
"""Threads of requests; the others are looks."""
_FORGET_S = 10.0
"""That whoever works on a file has to stop, once it is about to be deleted."""


class Worker:
    """Requests by name, and what is remembered between them."""

    def __init__(self, out: TextIOBase) -> None:
        self._out, self._lock = out, threading.Lock()
        self._pools = {name: ThreadPoolExecutor(1, name) for name in ("look", *set(_THREADS.values()))}
        self._tokens: dict[int, CancelToken] = {}
        self._paths: dict[int, str] = {}
        """What requests that work right now are at."""
        self._scenes: dict[str, Any] = {}
        self._openings: dict[str, threading.Lock] = {}
        self._known = threading.Lock()

    def serve(self, lines: IO[str]) -> None:
        """Answer until the input ends."""
        for line in lines:
            self.serve_line(line)
        self.end()

    def serve_line(self, line: str) -> None:
        """Begin what a line asks for."""
        request = json.loads(line)
        ident, what = request["id"], request["do"]
        if what == "cancel":
            if (token := self._tokens.get(ident)) is not None:
                token.cancel()
            return
        self._tokens[ident] = CancelToken()
        self._pools[_THREADS.get(what, "look")].submit(self._answer, ident, what, request)

    def end(self) -> None:
        """Cancel all that is under way."""
        for token in list(self._tokens.values()):
            token.cancel()

    def _answer(self, ident: int, what: str, request: dict[str, Any]) -> None:
        token = self._tokens[ident]
        try:
            token.check()
            self._paths[ident] = request.get("path", "")
            result = getattr(self, f"do_{what}")(request, token, _Teller(ident, self._say))
            self._say({"id": ident, "result": result})
        except NedError as error:
            # Paths of the data folder are nobody's business: only what the user called the file.
            said = f"{error.cause}; {error.remedy}" if error.remedy else error.cause
            self._say({"id": ident, "error": said, "kind": type(error).__name__})
        except Exception as error:
            print(f"{what}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            self._say({"id": ident, "error": f"unexpected {type(error).__name__}", "kind": "bug"})
        finally:
            self._paths.pop(ident, None)
            self._tokens.pop(ident, None)

    def _say(self, value: dict[str, Any]) -> None:
        with self._lock, suppress(BrokenPipeError):
            print(json.dumps(value), file=self._out, flush=True)

    def _scene(self, request: dict[str, Any], token: CancelToken, tell: Tell = lambda done, total: None) -> Any:
        """The scene of a request, opened by one thread where it is not known (any more); the others wait for it."""
        from ned.ui.portrait import PortraitScene
        from ned.ui.scene import Scene
        from ned.workspace import Cache

        def listen(event: object) -> None:
            if isinstance(event, StageAdvanced):
                tell(event.done, event.total or 0)

        name = request["path"]
        with self._known:
            opening = self._openings.setdefault(name, threading.Lock())
        with opening:
            with self._known:
                scene: Any = self._scenes.pop(name, None)
            if scene is None and request["kind"] == "image":
                scene = PortraitScene(Path(name))
            elif scene is None:
                work = Path(request["folder"]) / "work"  # where a look that was broken off goes on
                work.mkdir(exist_ok=True)
                scene = Scene(Path(name), Cache(Path(request["cache"])), Reported(listen, token), work)
            with self._known:
                self._scenes[name] = scene  # last, for it is the one that is in use
                while len(self._scenes) > MOST_SCENES:
                    self._scenes.pop(next(iter(self._scenes)))
        return scene

    def do_warm(self, request: dict[str, Any], token: CancelToken, tell: Tell) -> None:
        """Load what every look needs, before anybody asks for one."""
        import numpy as np

        import ned.ui.portrait
        import ned.ui.scene  # noqa: F401
        from ned.analysis.tracking import ShotTracker
        from ned.face_model import load_face_model
        from ned.manipulator import build_manipulator

        build_manipulator("learned", load_face_model("canonical"), None)
        tracker = ShotTracker()
        tracker.cut(0)
        tracker.update(0, np.zeros((64, 64, 3), np.uint8))
        tracker.finish()
        tracker.store.close()
        tracker.skins.close()

    def do_look(self, request: dict[str, Any], token: CancelToken, tell: Tell) -> dict[str, Any]:
        """Analyse; faces lie in the file's folder then."""
        scene = self._scene(request, token, tell)
        scene.write_faces(Path(request["folder"]))
        return scene.facts()

    def do_curves(self, request: dict[str, Any], token: CancelToken, tell: Tell) -> dict[str, Any]:
        scene = self._scene(request, token)
        self._pools["paint"].submit(_quietly, scene.warm)
        return scene.curves()

    def do_frame(self, request: dict[str, Any], token: CancelToken, tell: Tell) -> dict[str, Any]:
        """The original at a time."""
        from ned.ui.scene import save_jpeg

        frame = self._scene(request, token).frame(request["time"])
        save_jpeg(frame.rgb(), Path(request["to"]))
        return {"index": frame.index}

    def do_preview(self, request: dict[str, Any], token: CancelToken, tell: Tell) -> dict[str, Any]:
        """One edited frame."""
        from ned.ui.scene import save_jpeg

        config = self._document(request).config(Path(request["path"]))
        frame = self._scene(request, token).preview(config, request["time"])
        save_jpeg(frame.rgb(), Path(request["to"]))
        return {"index": frame.index}

    def do_still(self, request: dict[str, Any], token: CancelToken, tell: Tell) -> dict[str, Any]:
        """The edited photograph."""
        config = StillDocument.read(request["document"]).config(Path(request["path"]))
        self._scene(request, token).preview(config, Path(request["to"]))
        return {"index": 0}

    def do_loop(self, request: dict[str, Any], token: CancelToken, tell: Tell) -> None:
        """Two seconds, as they are and edited, at `before` and `after`."""
        config = self._document(request).config(Path(request["path"]))

        def step(done: int, total: int) -> None:
            token.check()
            tell(done, total)

        before, after = Path(request["before"]), Path(request["after"])
        self._scene(request, token).loop(config, request["time"], request["length"], before, after, step)

    def do_proxy(self, request: dict[str, Any], token: CancelToken, tell: Tell) -> None:
        from ned.ui.media import make_proxy

        make_proxy(Path(request["path"]), Path(request["to"]), lambda: token.cancelled)

    def do_plays(self, request: dict[str, Any], token: CancelToken, tell: Tell) -> bool:
        """Whether a browser plays a file."""
        from ned.ui.media import plays
        from ned.video import probe

        return plays(probe(request["path"]))

    def do_forget(self, request: dict[str, Any], token: CancelToken, tell: Tell) -> None:
        """What lies under a folder is about to be deleted: whoever works on it ends first."""

        def inside(path: str) -> bool:
            return bool(path) and Path(path).is_relative_to(request["folder"])

        until = time.monotonic() + _FORGET_S
        while busy := [number for number, path in list(self._paths.items()) if inside(path)]:
            for token in filter(None, map(self._tokens.get, busy)):
                token.cancel()
            if time.monotonic() > until:
                break
            time.sleep(0.02)
        with self._known:
            for names in (self._scenes, self._openings):
                for name in [name for name in names if inside(name)]:
                    names.pop(name, None)

    def _document(self, request: dict[str, Any]) -> Document:
        clips = request.get("clips", {})
        return Document.read(request["document"], lambda ident: Path(clips[ident]) if ident in clips else None)


def _quietly(work: Callable[[], None]) -> None:
    """What comes of it, whoever asks will be told."""
    with suppress(Exception):
        work()


class _Teller:
    """Tells how far a request is, now and then."""

    def __init__(self, ident: int, say: Callable[[dict[str, Any]], None]) -> None:
        self._ident, self._say, self._told = ident, say, 0.0

    def __call__(self, done: int, total: int) -> None:
        if (now := time.monotonic()) - self._told >= _TELL_S:
            self._told = now
            self._say({"id": self._ident, "done": done, "total": total})


def main() -> int:
    """Speak on what was standard output; whatever libraries print goes to standard error."""
    os.environ.setdefault("GLOG_minloglevel", "2")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from ned.runtime.cores import quiet_algebra
    from ned.runtime.heap import share_heaps

    share_heaps()
    quiet_algebra()
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    Worker(out).serve(sys.stdin)
    return 0


if __name__ == "__main__":
    sys.exit(main())
