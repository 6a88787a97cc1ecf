"""The page as a user runs it, in a process of its own, and whoever asks it things."""

from __future__ import annotations

import http.client
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
START_S = 120.0


@dataclass
class Server:
    """`ned ui`, which can be ended and begun again on the same data and port."""

    data: Path
    options: tuple[str, ...] = ()
    port: int = 0
    address: str = ""
    process: subprocess.Popen | None = None

    def begin(self) -> Server:
        command = [
            sys.executable,
            "-m",
            "ned.cli",
            "ui",
            "--no-browser",
            "--data",
            str(self.data),
            "--port",
            str(self.port),
        ]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen([*command, *self.options], stdout=subprocess.PIPE, text=True, env=environment)
        if not select.select([self.process.stdout], [], [], START_S)[0]:
            self.process.kill()
            raise AssertionError(f"the page did not begin within {START_S:g} s")
        self.address = re.search(r"http://\S+", self.process.stdout.readline())[0]
        self.port = int(re.search(r":(\d+)/", self.address)[1])
        return self

    def end(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(60)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()

    def visitor(self) -> Visitor:
        """Somebody with the key and a fresh session."""
        answer = Visitor(self.port).ask("GET", self.address.split(str(self.port))[1])
        assert answer.status == 303
        return Visitor(self.port, answer.headers["set-cookie"].split(";")[0])

    def memory(self) -> int:
        """Bytes of the page's own process, not of its worker."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Visitor:
    """A browser's requests without the browser."""

    port: int
    cookie: str = ""
    headers: dict[str, str] = field(default_factory=lambda: {"x-ned": "1"})

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        said = self.headers | ({"cookie": self.cookie} if self.cookie else {})
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, dict):
            body = json.dumps(body)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            connection.request(method, path, body, said)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status == 200, (path, answer.status, answer.body[:300])
        return answer.json()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.ask("POST", path, body)
        assert answer.status in (200, 201), (path, answer.status, answer.body[:300])
        return answer.json()

    def send(self, path: Path, name: str = "") -> dict[str, Any]:
        """Upload a file and wait until it has been looked at."""
        with path.open("rb") as file:
            answer = self.ask("POST", f"/api/files?name={name or path.name}", file)
        assert answer.status == 201, answer.body
        return self.until(lambda: self.file(answer.json()["id"]), lambda said: said["state"] != "looking")

    def file(self, ident: str) -> dict[str, Any]:
        return next(one for one in self.get("/api/session")["files"] if one["id"] == ident)

    def job(self, ident: str) -> dict[str, Any]:
        return next(one for one in self.get("/api/session")["jobs"] if one["id"] == ident)

    def until(self, look: Any, good: Any, seconds: float = 300.0) -> Any:
        """What `look` gives once `good` says that it is."""
        end = time.monotonic() + seconds
        while not good(said := look()):
            assert time.monotonic() < end, said
            time.sleep(0.1)
        return said


HAPPY = {"timeline": [{"person": 1, "time": 0, "emotion": "happy", "intensity": 1, "transition": 0.8}]}
