"""How long the page takes to answer, and how much memory it takes: `python scripts/bench/page.py CLIP [--large GB]`.

CLIP is dropped as a browser drops it, over HTTP; then the intensity is changed some times. Told are wall time and
processor time (user and system, of the page and its worker), since on a busy machine the first says little. `--large`
makes a file of that size of the clip, by an atom that players skip, and tells the page's memory while it comes.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

TICK = os.sysconf("SC_CLK_TCK")
PIECE = 1 << 20


class Page:
    """A page in a process of its own, and a session on it."""

    def __init__(self, data: Path) -> None:
        command = [sys.executable, "-m", "ned.cli", "ui", "--no-browser", "--port", "0", "--data", str(data)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        address = re.search(r"127.0.0.1:(\d+)(/\S+)", self.process.stdout.readline())
        self.port, self.headers = int(address[1]), {"x-ned": "1"}
        self.headers["cookie"] = self.ask("GET", address[2])[1]["set-cookie"].split(";")[0]

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=3600)
        connection.request(method, path, json.dumps(body) if isinstance(body, dict) else body, self.headers)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()

    def file(self, ident: str) -> dict:
        files = json.loads(self.ask("GET", "/api/session")[2])["files"]
        return next(file for file in files if file["id"] == ident)

    def worker(self) -> int:
        """The process beside it."""
        return int(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()[0])

    def processor_s(self) -> float:
        """User and system time of both so far."""
        total = 0
        for pid in (self.process.pid, self.worker()):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += sum(int(value) for value in fields[11:15])
        return total / TICK

    def memory_mb(self, pid: int | None = None) -> float:
        status = Path(f"/proc/{pid or self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def drop(self, path: Path) -> str:
        """Upload, and wait until the people are known."""
        with path.open("rb") as file:
            made = json.loads(self.ask("POST", f"/api/files?name={path.name}", file)[2])
        began = time.monotonic()
        while (said := self.file(made["id"]))["state"] == "looking":
            time.sleep(min(2.0, 0.05 + (time.monotonic() - began) / 100))
        if said["state"] == "failed":
            raise SystemExit(said["error"])
        return made["id"]


class Peaks:
    """The most memory that page and worker take while it is open, MB."""

    def __init__(self, page: Page) -> None:
        self.page = self.worker = 0.0
        self._page, self._over = page, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self._over.wait(0.1):
            self.page = max(self.page, self._page.memory_mb())
            self.worker = max(self.worker, self._page.memory_mb(self._page.worker()))

    def __enter__(self) -> Peaks:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def measured(page: Page, work) -> tuple[object, float, float]:
    """What it gives, wall time and processor time in seconds."""
    wall, processor = time.perf_counter(), page.processor_s()
    done = work()
    return done, time.perf_counter() - wall, page.processor_s() - processor


def enlarged(clip: Path, folder: Path, size: int) -> Path:
    """The clip with `size` bytes more that nobody looks at (an MP4's `free` atom)."""
    path = folder / f"large{clip.suffix}"
    shutil.copyfile(clip, path)
    with path.open("ab") as file:
        file.write(struct.pack(">I4sQ", 1, b"free", size))
        for _ in range(size // PIECE):
            file.write(os.urandom(PIECE))
        file.write(b"\0" * (size - 16 - size // PIECE * PIECE if size % PIECE > 16 else 0))
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--large", type=float, default=0.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        page = Page(Path(name) / "data")
        try:
            run(page, given, Path(name))
        finally:
            page.process.terminate()
            page.process.wait()


def run(page: Page, given: argparse.Namespace, folder: Path) -> None:
    time.sleep(1.0)
    while page.processor_s() != (page.processor_s(), time.sleep(3.0), page.processor_s())[2]:
        pass  # the worker loads what every look needs
    idle = page.memory_mb()
    print(f"idle: page {idle:.0f} MB, worker {page.memory_mb(page.worker()):.0f} MB", flush=True)
    with Peaks(page) as peaks:
        ident, wall, processor = measured(page, lambda: page.drop(given.clip))
    facts = page.file(ident)["facts"]
    print(f"{given.clip.stat().st_size / 1e9:.2f} GB, {facts['duration']:.0f} s, {facts['frames']} frames, "
          f"{len(facts['people'])} people")  # fmt: skip
    print(f"drop to people: {wall:.1f} s, processor {processor:.1f} s; meanwhile page {peaks.page:.0f} MB, worker "
          f"{peaks.worker:.0f} MB at most", flush=True)  # fmt: skip
    times = []
    for k in range(8):
        edit = {"person": 1, "time": 0, "emotion": "happy", "intensity": 0.5 + 0.1 * k, "transition": 0.8}
        body = {"document": {"timeline": [edit]}, "time": 2.0}
        (status, _, _), *took = measured(page, lambda b=body: page.ask("POST", f"/api/files/{ident}/preview", b))
        assert status == 200
        times.append(took)
        time.sleep(0.5)
    print(f"first preview: {times[0][0]:.2f} s, processor {times[0][1]:.2f} s")
    print("slider to preview, median: {:.2f} s, processor {:.2f} s".format(*map(median, zip(*times[1:], strict=True))))
    if given.large:
        path, peak = enlarged(given.clip, folder, int(given.large * 1e9)), [page.memory_mb()]
        child = subprocess.Popen(
            [sys.executable, "-c", _SENDER, str(page.port), page.headers["cookie"], str(path)], stdout=subprocess.PIPE
        )
        while child.poll() is None:
            peak.append(page.memory_mb())
            time.sleep(0.05)
        print(f"{given.large:g} GB: page {max(peak):.0f} MB at most, {max(peak) - idle:.0f} above idle", flush=True)
        print(f"worker after it: {page.memory_mb(page.worker()):.0f} MB")


_SENDER = """
import http.client, sys, json, time
port, cookie, path = sys.argv[1:]
headers = {"x-ned": "1", "cookie": cookie}
def ask(method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=3600)
    connection.request(method, path, body, headers)
    return json.loads(connection.getresponse().read())
with open(path, "rb") as file:
    made = ask("POST", "/api/files?name=large.mp4", file)
while next(f for f in ask("GET", "/api/session")["files"] if f["id"] == made["id"])["state"] == "looking":
    time.sleep(0.2)
connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=3600)
connection.request("GET", f"/api/files/{made['id']}/media", None, headers)
answer = connection.getresponse()
while answer.read(1 << 20):
    pass
"""

if __name__ == "__main__":
    main()
