"""The process beside the page's own that looks at videos: a line of JSON in is a request, lines out are what comes of
it. `python -m ned.ui.worker`; ends with its standard input.

    {"id": 7, "do": "preview", …}  →  {"id": 7, "done": n, "total": m}*  {"id": 7, "result": …} or {"id": 7, "error": …}
    {"id": 7, "do": "cancel"}      →  that request ends at the next frame

Looking, previews and what else takes long have a thread each, so that a slider answers while a video is analysed.
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
_THREADS = {"preview": "paint", "frame": "paint", "still": "paint", "loop": "loop", "proxy": "proxy"}


class Worker:
    """Requests by name, and what is remembered between them."""

    def __init__(self, out: IO[str]) -> None:
        self._out, self._lock = out, threading.Lock()
        self._pools = {name: ThreadPoolExecutor(1, name) for name in ("look", "paint", "loop", "proxy")}
        self._tokens: dict[int, CancelToken] = {}
        self._scenes: dict[str, Any] = {}
        self._opening = threading.Lock()

    def serve(self, lines: IO[str]) -> None:
        """Answer until the input ends."""
        for line in lines:
            request = json.loads(line)
            ident, what = request["id"], request["do"]
            if what == "cancel":
                if ident in self._tokens:
                    self._tokens[ident].cancel()
                continue
            self._tokens[ident] = CancelToken()
            self._pools[_THREADS.get(what, "look")].submit(self._answer, ident, what, request)
        for token in list(self._tokens.values()):
            token.cancel()

    def _answer(self, ident: int, what: str, request: dict[str, Any]) -> None:
        token = self._tokens[ident]
        try:
            token.check()
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
            self._tokens.pop(ident, None)

    def _say(self, value: dict[str, Any]) -> None:
        with self._lock, suppress(BrokenPipeError):
            print(json.dumps(value), file=self._out, flush=True)

    def _scene(self, request: dict[str, Any], progress: Any = None) -> Any:
        """The scene of a request, opened where it is not known (any more)."""
        from ned.runtime.progress import Silent
        from ned.ui.portrait import PortraitScene
        from ned.ui.scene import Scene
        from ned.workspace import Cache

        name = request["path"]
        if name not in self._scenes:
            if request["kind"] == "image":
                scene: Any = PortraitScene(Path(name))
            else:
                work = Path(request["folder"]) / "work"  # where a look that was broken off goes on
                work.mkdir(exist_ok=True)
                scene = Scene(Path(name), Cache(Path(request["cache"])), progress or Silent(), work)
            with self._opening:
                while len(self._scenes) >= MOST_SCENES:
                    self._scenes.pop(next(iter(self._scenes)))
                self._scenes[name] = scene
        return self._scenes[name]

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

        def listen(event: object) -> None:
            if isinstance(event, StageAdvanced):
                tell(event.done, event.total or 0)

        scene = self._scene(request, Reported(listen, token))
        scene.write_faces(Path(request["folder"]))
        return scene.facts()

    def do_curves(self, request: dict[str, Any], token: CancelToken, tell: Tell) -> dict[str, Any]:
        scene = self._scene(request)
        self._pools["paint"].submit(_quietly, scene.warm)
        return scene.curves()

    def do_frame(self, request: dict[str, Any], token: CancelToken, tell: Tell) -> dict[str, Any]:
        """The original at a time."""
        from ned.ui.scene import save_jpeg

        frame = self._scene(request).frame(request["time"])
        save_jpeg(frame.rgb(), Path(request["to"]))
        return {"index": frame.index}

    def do_preview(self, request: dict[str, Any], token: CancelToken, tell: Tell) -> dict[str, Any]:
        """One edited frame."""
        from ned.ui.scene import save_jpeg

        config = self._document(request).config(Path(request["path"]))
        frame = self._scene(request).preview(config, request["time"])
        save_jpeg(frame.rgb(), Path(request["to"]))
        return {"index": frame.index}

    def do_still(self, request: dict[str, Any], token: CancelToken, tell: Tell) -> dict[str, Any]:
        """The edited photograph."""
        config = StillDocument.read(request["document"]).config(Path(request["path"]))
        self._scene(request).preview(config, Path(request["to"]))
        return {"index": 0}

    def do_loop(self, request: dict[str, Any], token: CancelToken, tell: Tell) -> None:
        """Two seconds, as they are and edited, at `before` and `after`."""
        config = self._document(request).config(Path(request["path"]))

        def step(done: int, total: int) -> None:
            token.check()
            tell(done, total)

        before, after = Path(request["before"]), Path(request["after"])
        self._scene(request).loop(config, request["time"], request["length"], before, after, step)

    def do_proxy(self, request: dict[str, Any], token: CancelToken, tell: Tell) -> None:
        from ned.ui.media import make_proxy

        make_proxy(Path(request["path"]), Path(request["to"]), lambda: token.cancelled)

    def do_plays(self, request: dict[str, Any], token: CancelToken, tell: Tell) -> bool:
        """Whether a browser plays a file."""
        from ned.ui.media import plays
        from ned.video import probe

        return plays(probe(request["path"]))

    def do_forget(self, request: dict[str, Any], token: CancelToken, tell: Tell) -> None:
        """What lies under a folder is about to be deleted."""
        for name in [name for name in self._scenes if Path(name).is_relative_to(request["folder"])]:
            self._scenes.pop(name, None)

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
