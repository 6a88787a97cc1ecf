"""Requests that nobody honest makes: refused, nothing told, the page alive."""

import http.client
import json
import select
import threading

import pytest

from ned.ui.app import build_app
from ned.ui.job import try_lock
from ned.ui.settings import UiSettings
from tests.ui.serving import HAPPY, Visitor

NASTY = (
    "..", "../../key", "..%2f..%2fkey", "%2e%2e%2f%2e%2e%2fkey", "....//....//key", "/etc/passwd", "%2fetc%2fpasswd",
    "..\\..\\key", "%00", "key%00.jpg", "0" * 16, "9" * 5000, "f" * 5000, "~", ".", "%252e%252e%252fkey", "file:///etc/passwd",
)  # fmt: skip


def routes(tmp_path):
    """Every endpoint there is, as method and path with its parameters' names."""
    app = build_app(UiSettings(tmp_path / "none"))
    return [(method, route.path) for route in app.routes for method in sorted(route.methods - {"HEAD"})]


def alive(server) -> bool:
    return server.visitor().ask("GET", "/api/session").status == 200


@pytest.fixture(scope="module")
def owner(server, sample):
    """Somebody with a video."""
    visitor = server.visitor()
    visitor.said = visitor.send(sample.path)
    return visitor


def test_no_endpoint_takes_a_path(server, owner, tmp_path):
    """Every parameter, and behind a real id the one after it."""
    key, asked = server.address.split("key=")[1].encode(), set()
    for method, path in routes(tmp_path):
        for real in (path.replace("{file}", owner.said["id"]), path):
            if "{" in real:
                parts = real.split("/")
                asked |= {(method, "/".join(n if part.startswith("{") else part for part in parts)) for n in NASTY}
    assert len(asked) > 300
    for method, path in sorted(asked):
        answer = owner.ask(method, path, {"document": HAPPY} if method == "POST" else None)
        assert answer.status in (400, 404, 405), (method, path, answer.status)
        assert key not in answer.body and b"root:" not in answer.body, (method, path)
    assert owner.file(owner.said["id"])["state"] == "ready" and alive(server)


@pytest.fixture(scope="module")
def job(owner):
    """A job of theirs."""
    return owner.post(f"/api/files/{owner.said['id']}/jobs", {"document": HAPPY})["id"]


def test_others_see_and_touch_nothing_of_it(server, owner, job, tmp_path):
    stranger, file = server.visitor(), owner.said["id"]
    nothing = stranger.get("/api/session")
    assert nothing["files"] == [] and nothing["jobs"] == []
    for method, path in routes(tmp_path):
        if "{file}" in path or "{job}" in path:
            asked = path.replace("{file}", file).replace("{job}", job).replace("{number}", "1")
            asked = asked.replace("{what}", "result").replace("{look}", "0" * 16)
            assert stranger.ask(method, asked, {"document": HAPPY} if method == "POST" else None).status == 404, asked
            assert Visitor(server.port).ask(method, asked).status == 401
    mine = owner.get("/api/session")
    assert [one["id"] for one in mine["files"]] == [file] and not mine["jobs"][0]["cancelling"]
    # a stranger cannot name it as a reference either
    theirs = {"timeline": [{"person": 1, "time": 0, "reference": file}]}
    assert stranger.ask("POST", f"/api/files/{file}/copy", {"document": theirs}).status == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 421), ({"host": "127.0.0.1.evil.example"}, 421), ({"host": ""}, 421),
        ({"x_forwarded_for": "10.0.0.9"}, 403), ({"forwarded": "for=10.0.0.9"}, 403),
        ({"cf_connecting_ip": "1.2.3.4"}, 403),
    ],
)  # fmt: skip
def test_other_names_and_tunnels_are_refused(server, owner, headers, status):
    for path in ("/", "/api/session", "/static/main.js"):
        assert owner.ask("GET", path, **headers).status == status


def test_other_sites_cannot_ask(server, owner):
    job = "/api/session"
    assert Visitor(server.port, owner.cookie, {}).ask("DELETE", job).status == 403
    assert owner.ask("DELETE", job, origin="http://evil.example").status == 403
    assert owner.ask("DELETE", job, origin=f"http://127.0.0.1:{server.port + 1}").status == 403
    assert len(owner.get("/api/session")["files"]) == 1
    wrong = Visitor(server.port, f"ned_{server.port}=" + "a" * 43)
    assert wrong.ask("GET", "/api/session").status == 401
    assert Visitor(server.port).ask("GET", "/?key=guess").status == 401


def test_answers_say_what_browsers_may_do(server, owner):
    headers = owner.ask("GET", "/").headers
    assert (
        "default-src 'self'" in headers["content-security-policy"]
        and "unsafe" not in headers["content-security-policy"]
    )
    assert headers["x-content-type-options"] == "nosniff" and "server" not in headers
    said = server.visitor()
    answer = Visitor(server.port).ask("GET", server.address.split(str(server.port))[1])
    assert (
        "httponly" in answer.headers["set-cookie"].lower() and "samesite=strict" in answer.headers["set-cookie"].lower()
    )
    assert said.cookie != owner.cookie


def stream(server, cookie, head, size, tell=lambda: None):
    """Send so many bytes in chunks, without saying how many; how many went, and the status, if there is any."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    connection.putrequest("POST", "/api/files?name=endless.mp4")
    for name, value in (("cookie", cookie), ("x-ned", "1"), ("transfer-encoding", "chunked")):
        connection.putheader(name, value)
    connection.endheaders()
    piece, sent = b"\0" * (1 << 20), 0
    try:
        connection.send(b"%x\r\n%s\r\n" % (len(head), head))
        while sent < size:
            connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            sent += len(piece)
            tell()
        connection.send(b"0\r\n\r\n")
    except OSError:
        pass
    try:
        return sent, connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return sent, None
    finally:
        connection.close()


@pytest.mark.parametrize("head", [b"\0\0\0\x20ftypisom" + b"\0" * 5000, b"not a video" * 1000])
def test_an_endless_upload_is_refused_while_it_comes(server, head):
    visitor, peak = server.visitor(), [server.memory()]
    before = peak[0]
    sent, status = stream(server, visitor.cookie, head, 10**9, lambda: peak.append(server.memory()))
    assert sent < 3 * 10**8 and status in (None, 413, 422)
    assert max(peak) - before < 60 * 2**20
    assert visitor.get("/api/session")["files"] == []
    answer = visitor.ask("POST", "/api/files?name=large.mp4", b"", content_length=str(10**12))
    assert answer.status == 413 and alive(server)


def test_what_is_not_a_video_is_refused_or_fails_by_itself(server):
    visitor = server.visitor()
    assert visitor.ask("POST", "/api/files?name=a.mp4", b"#EXTM3U\nfile:///etc/passwd\n" * 300).status == 422
    assert visitor.ask("POST", "/api/files?name=a.exe", b"\0\0\0\x20ftypisom" + b"\0" * 8000).status == 422
    answer = visitor.ask("POST", "/api/files?name=a.mp4", b"\0\0\0\x20ftypisom" + b"\0" * 8000)
    said = visitor.until(lambda: visitor.file(answer.json()["id"]), lambda one: one["state"] != "looking")
    assert said["state"] == "failed" and str(server.data) not in said["error"]
    assert visitor.ask("DELETE", f"/api/files/{said['id']}").status == 200
    assert visitor.get("/api/session")["files"] == []


def test_many_uploads_at_once(server):
    """Of a hundred four are taken, the others are told to wait; what was broken off leaves nothing."""
    visitor, statuses, gate, enough = server.visitor(), [], threading.Barrier(100), threading.Event()

    def send() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        gate.wait(60.0)
        connection.putrequest("POST", "/api/files?name=many.mp4")
        for name, value in (("cookie", visitor.cookie), ("x-ned", "1"), ("content-length", "50000")):
            connection.putheader(name, value)
        connection.endheaders(b"\0\0\0\x20ftypisom" + b"\0" * 20000)
        while not enough.is_set():
            if select.select([connection.sock], [], [], 0.1)[0]:
                statuses.append(connection.getresponse().status)
                break
        connection.close()

    threads = [threading.Thread(target=send, daemon=True) for _ in range(100)]
    for thread in threads:
        thread.start()
    try:
        visitor.until(lambda: len(statuses), lambda count: count >= 96, 120.0)
        assert len(visitor.get("/api/session")["files"]) == 4 and alive(server)
    finally:
        enough.set()
    for thread in threads:
        thread.join(60.0)
    assert statuses == [429] * 96
    visitor.until(lambda: visitor.get("/api/session")["files"], lambda files: not files, 20.0)


def test_a_script_in_a_name_is_a_name(server):
    visitor = server.visitor()
    name = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27%3B%20rm%20-rf%20..%2F..%2Fx.mp4"
    answer = visitor.ask("POST", f"/api/files?name={name}", b"\0\0\0\x20ftypisom" + b"\0" * 8000)
    said = answer.json()["name"]
    assert answer.status == 201 and not set(said) & set("<>\"'/\\;&$`") and said.endswith(".mp4")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"{" * 300_000, b"\xff", json.dumps({"document": {"timeline": [{}] * 501}}).encode(),
     json.dumps({"document": {"timeline": [{"person": 1, "time": 1e308, "emotion": "happy"}]}}).encode(),
     json.dumps({"document": {"timeline": [{"person": [], "time": 0, "emotion": "happy"}]}}).encode(),
     json.dumps({"document": {"timeline": [{"person": 1, "time": 0, "emotion": {"a": 1}}]}}).encode(),
     json.dumps({"document": HAPPY | {"renderer": "/etc/passwd"}}).encode(),
     json.dumps({"document": HAPPY | {"renderer": "\ud800"}}).encode(),
     json.dumps({"document": {"timeline": [{"person": 1, "time": 10**400, "emotion": "happy"}]}}).encode(),
     json.dumps({"document": HAPPY, "time": 10**400}).encode(),
     json.dumps({"document": HAPPY, "time": "soon"}).encode(), json.dumps({"document": HAPPY, "time": -1}).encode(),
     b'{"document": {"timeline": [{"person": 1, "time": NaN, "emotion": "happy"}]}}'],
)  # fmt: skip
def test_bodies_that_make_no_sense(owner, body):
    answer = owner.ask("POST", f"/api/files/{owner.said['id']}/preview", body)
    assert answer.status in (400, 413, 422), answer.body


def test_leaving_deletes_everything(server, sample):
    visitor = server.visitor()
    folders = set((server.data / "sessions").iterdir())
    ident = visitor.send(sample.path)["id"]
    mine = next(folder for folder in folders if (folder / "files" / ident).is_dir())
    assert visitor.ask("DELETE", "/api/session").status == 200
    assert not mine.exists() and visitor.ask("GET", "/api/session").status == 401


def test_a_running_job_ends_with_its_session(server, sample):
    """The owner leaves while it works, and another waits."""
    owner = server.visitor()
    ident = owner.send(sample.path)["id"]
    for _ in range(2):
        owner.post(f"/api/files/{ident}/jobs", {"document": HAPPY})
    owner.until(lambda: owner.get("/api/session")["jobs"], lambda jobs: any(job["stages"] for job in jobs), 120.0)
    (folder,) = [one for one in (server.data / "sessions").iterdir() if (one / "files" / ident).is_dir()]
    locks = [path.open("rb") for path in folder.glob("jobs/*/lock")]
    assert [try_lock(lock, shared=True) for lock in locks] == [False, False]
    assert owner.ask("DELETE", "/api/session").status == 200
    assert [try_lock(lock, shared=True) for lock in locks] == [True, True]  # which go with their processes
    assert not folder.exists()
    for lock in locks:
        lock.close()
