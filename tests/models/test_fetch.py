"""Fetching from a server on this machine that misbehaves in every way that we know."""

import errno
import hashlib
import http.server
import threading
from dataclasses import replace

import numpy as np
import pytest

from ned.errors import ProcessingError, UserError
from ned.models import Model, find_model, model_path, state_of, take_file
from ned.models import fetch as fetching
from ned.models.fetch import fetch_model
from ned.models.store import why_absent
from ned.workspace import alone_in

CONTENT = np.random.default_rng(0).bytes(900_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    content = CONTENT
    break_after: int | None = None
    """Bytes of one answer after which the connection is closed."""
    redirect = ""
    ranges = True
    lie_about_length = 0
    says_length = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server: Server = self.server
        asked = self.headers.get("Range")
        server.asked.append((self.path, asked))
        if server.redirect and self.path == "/model":
            self.send_response(302)
            self.send_header("Location", server.redirect)
            self.end_headers()
            return
        body, begin = server.content, 0
        if asked and server.ranges:
            begin = int(asked.removeprefix("bytes=").removesuffix("-"))
            if begin >= len(body):
                self.send_error(416)
                return
            self.send_response(206)
        else:
            self.send_response(200)
        rest = body[begin:]
        if server.says_length:
            self.send_header("Content-Length", str(len(rest) + server.lie_about_length))
        self.end_headers()
        self.wfile.write(rest[: server.break_after])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


@pytest.fixture
def model(server, tmp_path, monkeypatch):
    monkeypatch.setenv("NED_MODELS", str(tmp_path / "models"))
    url = f"http://127.0.0.1:{server.server_port}/model"
    return Model("toy", "toy.onnx", "tests", "none", "expression", url, len(CONTENT), SHA256)


def left(model):
    """What stands in the folder of models."""
    return sorted(p.name for p in model_path(model).parent.iterdir() if p.name[0] != "." and p.name != "lock")


def test_a_fetched_file_is_whole_and_not_fetched_twice(server, model):
    assert fetch_model(model).read_bytes() == CONTENT
    assert fetch_model(model) == find_model(model) and len(server.asked) == 1
    assert left(model) == ["toy.onnx"]


def test_an_interrupted_fetch_goes_on_where_it_stopped(server, model):
    server.break_after = 300_000
    with pytest.raises(ProcessingError, match="the connection broke.*run the command again"):
        fetch_model(model)
    assert find_model(model) is None and left(model) == ["toy.onnx.part"]
    server.break_after = None
    assert fetch_model(model).read_bytes() == CONTENT
    assert server.asked == [("/model", None), ("/model", "bytes=300000-")] and left(model) == ["toy.onnx"]


def test_a_server_that_cannot_resume_is_read_from_the_start(server, model):
    server.break_after = 300_000
    with pytest.raises(ProcessingError):
        fetch_model(model)
    server.break_after, server.ranges = None, False
    assert fetch_model(model).read_bytes() == CONTENT


def test_a_beginning_of_another_version_is_thrown_away(server, model):
    server.content, server.break_after = CONTENT[::-1], 300_000
    with pytest.raises(ProcessingError):
        fetch_model(model)
    server.content, server.break_after = CONTENT, None
    assert fetch_model(model).read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None, "bytes=300000-", None]


def test_a_wrong_hash_is_refused_and_leaves_nothing(server, model):
    server.content = CONTENT[:-1] + b"?"
    with pytest.raises(UserError, match=r"its SHA-256 is \w{12}…, not"):
        fetch_model(model)
    assert left(model) == []


@pytest.mark.parametrize("content", [CONTENT + b"x", CONTENT[:-1]])
def test_a_wrong_size_is_refused_before_it_is_read(server, model, content):
    server.content = content
    with pytest.raises(UserError, match=f"{len(content)} bytes are offered, not {len(CONTENT)}"):
        fetch_model(model)
    assert left(model) == []


def test_an_answer_longer_than_it_says_stops(server, model, monkeypatch):
    """Without a size in the registry there is a bound."""
    monkeypatch.setattr(fetching, "MAX_BYTES", 1000)
    unsized = Model("toy", "toy.onnx", "tests", "none", "expression", model.url, 0, SHA256)
    with pytest.raises(UserError, match="more than 1000 bytes came"):
        fetch_model(unsized)
    assert left(model) == []


def test_an_unsized_answer_that_breaks_off_is_noticed(server, model):
    server.break_after = 1000
    unsized = Model("toy", "toy.onnx", "tests", "none", "expression", model.url)
    with pytest.raises(ProcessingError, match="the connection broke"):
        fetch_model(unsized, unchecked=True)
    assert find_model(unsized) is None


def test_a_redirect_to_a_host_that_nobody_named_is_refused(server, model):
    with Server() as other:  # the same machine by another name
        thread = threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        server.redirect = f"http://localhost:{other.server_port}/elsewhere"
        with pytest.raises(UserError, match="the server sends us to http://localhost"):
            fetch_model(model)
        assert other.asked == [] and left(model) == []
        named = replace(model, hosts=("localhost",))
        assert fetch_model(named).read_bytes() == CONTENT and other.asked == [("/elsewhere", None)]
        other.shutdown()
        thread.join()


def test_a_full_disk_leaves_nothing_and_says_so(server, model, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetching, "_copy", full)
    with pytest.raises(ProcessingError, match="the disk is full"):
        fetch_model(model)
    assert left(model) == []


def test_two_fetches_do_not_write_one_file(server, model):
    with alone_in(model_path(model).parent, "fetching models"), pytest.raises(UserError, match="another run of ned"):
        fetch_model(model)
    assert server.asked == []


def test_too_little_room_is_said_before_anything_is_fetched(server, model, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    with pytest.raises(UserError, match="are needed, .* are free"):
        fetch_model(model)
    assert server.asked == []


def test_what_answers_with_an_error_is_named(server, model):
    server.RequestHandlerClass = type("Refusing", (Handler,), {"do_GET": lambda self: self.send_error(503)})
    with pytest.raises(ProcessingError, match="the server answers 503"):
        fetch_model(model)
    assert find_model(model) is None


def test_an_unknown_checksum_needs_a_word_and_is_recorded(server, model):
    unknown = Model("toy", "toy.onnx", "tests", "none", "expression", model.url)
    with pytest.raises(UserError, match="the checksum of toy is not known"):
        fetch_model(unknown)
    path = fetch_model(unknown, unchecked=True)
    assert state_of(unknown) == "good"
    path.write_bytes(CONTENT[::-1])
    assert state_of(unknown) == "damaged" and find_model(unknown) is None and "is damaged" in why_absent(unknown)
    with pytest.raises(UserError, match="its SHA-256 is"):
        fetch_model(unknown, sha256="0" * 64)
    assert path.read_bytes() == CONTENT[::-1], "what was there stays where nothing better came"


def test_without_a_checksum_nothing_is_put_together_of_two_versions(server, model):
    unknown = Model("toy", "toy.onnx", "tests", "none", "expression", model.url)
    server.break_after = 300_000
    with pytest.raises(ProcessingError, match="the connection broke"):
        fetch_model(unknown, unchecked=True)
    server.content, server.break_after = CONTENT[::-1], None
    assert fetch_model(unknown, unchecked=True).read_bytes() == CONTENT[::-1]
    assert [asked for _, asked in server.asked] == [None, None]


def test_without_a_checksum_the_server_must_say_how_much_there_is(server, model):
    """Else a broken connection looks like the end."""
    unknown = Model("toy", "toy.onnx", "tests", "none", "expression", model.url)
    server.says_length, server.break_after = False, 1000
    with pytest.raises(ProcessingError, match="does not say how long the file is; give its checksum"):
        fetch_model(unknown, unchecked=True)
    assert left(unknown) == []
    with pytest.raises(UserError, match="its SHA-256 is"):
        fetch_model(unknown, sha256=SHA256)
    server.break_after = None
    assert fetch_model(unknown, sha256=SHA256).read_bytes() == CONTENT


def test_a_checksum_of_the_users_counts_beside_the_published_beginning(server, model, tmp_path):
    short = Model("toy", "toy.onnx", "tests", "none", "expression", model.url, 0, SHA256[:8])
    other = SHA256[:8] + "0" * 56
    with pytest.raises(UserError, match="its SHA-256 is"):
        fetch_model(short, sha256=other)
    assert find_model(short) is None
    mine = tmp_path / "mine"
    mine.write_bytes(CONTENT)
    with pytest.raises(UserError, match="its SHA-256 is"):
        take_file(short, mine, other)
    assert take_file(short, mine, SHA256.upper()).read_bytes() == CONTENT
    with pytest.raises(UserError, match="its SHA-256 is"):
        fetch_model(short, sha256=other)  # although one is here
    assert find_model(short).read_bytes() == CONTENT


def test_what_is_said_to_fetch_a_model_is_a_command_that_does(model):
    for sha256, more in ((SHA256, ""), (SHA256[:8], ""), ("", " --unchecked")):
        unknown = Model("toy", "toy.onnx", "tests", "none", "expression", model.url, 0, sha256)
        assert why_absent(unknown).endswith(f"`ned models fetch toy{more}`")
    assert "--from FILE" in why_absent(Model("toy", "toy.onnx", "tests", "none", "expression"))


def test_a_published_beginning_of_a_checksum_counts(server, model):
    short = Model("toy", "toy.onnx", "tests", "none", "expression", model.url, 0, SHA256[:8])
    assert state_of(short) == "absent"
    fetch_model(short)
    assert state_of(short) == "good"
    model_path(short).write_bytes(b"?")
    assert state_of(short) == "damaged"


def test_a_file_of_the_user_is_checked_and_copied(model, tmp_path):
    mine = tmp_path / "mine.onnx"
    mine.write_bytes(CONTENT)
    assert take_file(model, mine).read_bytes() == CONTENT and mine.exists()
    other = tmp_path / "other.onnx"
    other.write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(UserError, match="other.onnx: its SHA-256"):
        take_file(model, other)
    assert find_model(model).read_bytes() == CONTENT and left(model) == ["toy.onnx"]


def test_only_https_leaves_this_machine(model):
    with pytest.raises(UserError, match="is no https address"):
        fetch_model(Model("toy", "toy.onnx", "t", "n", "expression", "http://example.org/x", 3, SHA256))
