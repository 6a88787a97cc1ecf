"""The documents as a site: built with warnings as errors, complete, and on its own."""

import ast
import html
import json
import os
import re
import subprocess
import sys
import threading
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ned.cli.commands import every
from ned.cli.parser import Parser
from ned.config import ProcessConfig
from ned.config.options import option_fields

pytest.importorskip("mkdocs")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Built as `make docs` builds it."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return out


def words(path: Path) -> str:
    """What a reader sees of a page, blanks and typography made alike."""
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", path.read_text(encoding="utf-8"), flags=re.S)
    return plain(html.unescape(re.sub(r"<[^>]*>", "", text)))


def plain(text: str) -> str:
    return " ".join(text.replace("`", "").replace("’", "'").split())


def _spoken(node: ast.AST) -> list[str]:
    """The fixed words of an expression, in order."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.FormattedValue | ast.Call | ast.Subscript | ast.Attribute | ast.Compare | ast.Name):
        return []
    if isinstance(node, ast.IfExp):
        return _spoken(node.body) + _spoken(node.orelse)
    return [text for child in ast.iter_child_nodes(node) for text in _spoken(child)]


def user_errors() -> list[tuple[str, list[str]]]:
    """Where each UserError, or what is derived of it, is raised, and the fixed words of its cause; where that is a
    name, of all that it is set to in the function around it."""
    found, kinds = [], {"UserError"}
    texts = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "ned").rglob("*.py"))}
    classes = [pair for text in texts.values() for pair in re.findall(r"class (\w+)\((\w+)\)", text)]
    for _ in range(3):
        kinds |= {name for name, base in classes if base in kinds}
    assert {"Busy", "TooLarge", "Unsuitable"} <= kinds
    for path, text in texts.items():
        tree = ast.parse(text)
        functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call)):
            if not (isinstance(call.func, ast.Name) and call.func.id in kinds):
                continue
            cause = call.args[0]
            said = _spoken(cause)
            if isinstance(cause, ast.Name):
                around = [f for f in functions if f.lineno <= call.lineno <= f.end_lineno]
                for node in ast.walk(around[-1]):
                    if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == cause.id for t in node.targets):
                        said += _spoken(node.value)
            found.append((f"{path.relative_to(ROOT)}:{call.lineno}", said))
    return found


def test_every_user_error_has_its_entry(site):
    page = words(site / "troubleshooting.html")
    errors = user_errors()
    silent = [where for where, texts in errors if not any(re.search(r"\w{3}", text) for text in texts)]
    # The rest are all names and numbers, as `NAME is VALUE`, or hand on another error's words.
    assert len(errors) > 380 and len(silent) < len(errors) / 20, silent
    lost = [(where, text) for where, texts in errors for text in texts if plain(text) not in page]
    assert not lost
    entries = re.findall(r"<h3[^>]*>(.*?)<a", (site / "troubleshooting.html").read_text(), flags=re.S)
    assert len(entries) > 330 and len(set(entries)) == len(entries)


def test_every_entry_says_what_to_do(site):
    text = (site / "troubleshooting.html").read_text(encoding="utf-8")
    for entry in re.split(r"<h3 ", text)[1:]:
        body = re.split(r"<h2 ", entry)[0]
        assert len(re.findall(r"<p", body)) >= 2, body[:200]  # a remedy, and who says it


def test_every_option_is_there(site):
    page = words(site / "options.html")
    for f in option_fields(ProcessConfig):
        assert f.name in page
    for command in every():
        parser = Parser(prog=command.name)
        command.add_arguments(parser)
        assert f"ned {command.name}" in page
        for flag in parser._flags() - {"-h", "--help", "--debug"}:
            assert flag in page, flag


def test_python_and_documents_elsewhere_are_in_it(site):
    assert "intensity 0 is the identity" in words(site / "manipulator.html")
    assert "fit_face" in words(site / "api" / "ned.fitting.html")
    assert "frame_rate" in words(site / "api" / "ned.types.html")
    for name, said in {"batch": "plan_batch", "ui": "UiSettings"}.items():
        assert said in words(site / "api" / f"ned.{name}.html")
    assert "MediaPipe" in words(site / "third_party" / "index.html") and "Cancel" in words(site / "comfyui.html")
    for image in re.findall(r'<img[^>]* src="([^"]+)"', (site / "start.html").read_text()):
        assert (site / image).stat().st_size > 1000


ASKED = ("too many uploads at once", "no face was found", "the store cannot be reached", "not served to others",
         "has changed since it was planned")  # fmt: skip
"""What somebody who has read an error types into the search."""


def test_the_index_of_the_search_has_every_error(site):
    """An entry of its own for each, which its words and an existing place are in."""
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    entries = [one for one in index["docs"] if one["location"].startswith("troubleshooting.html#")]
    places = re.findall(r'<h3 id="([^"]+)"', (site / "troubleshooting.html").read_text(encoding="utf-8"))
    assert {one["location"].partition("#")[2] for one in entries} >= set(places) and len(places) > 330
    for said in ASKED:
        titles = [plain(html.unescape(re.sub(r"<[^>]*>", "", one["title"]))) for one in entries]
        assert any(said in title for title in titles), said


def test_the_search_finds_an_error_by_its_words(site, browser):
    """In a browser, as a reader types them: the first section of the page of errors is the entry."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(30_000)
        try:
            for said in ASKED:
                page.goto(f"http://127.0.0.1:{server.server_port}/index.html")
                page.locator("[data-md-component='search-query']").click()
                page.keyboard.type(said)
                found = page.locator(".md-search-result__item a[href*='troubleshooting.html'][href*='#']").first
                found.wait_for()
                assert said in plain(found.inner_text()).lower(), found.inner_text()
        finally:
            page.close()
            server.shutdown()


class _Outside(HTMLParser):
    """Gathers what a browser would fetch from elsewhere by itself; links to follow are none of it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            fetched = name in ("src", "srcset", "data", "poster") or (name == "href" and tag == "link")
            if fetched and re.match(r"(https?:)?//", value or "") and ("rel", "canonical") not in attrs:
                self.found.append(f"<{tag} {name}={value}>")


def test_it_asks_no_other_host_for_anything(site):
    reader = _Outside()
    for page in site.rglob("*.html"):
        reader.feed(page.read_text(encoding="utf-8"))
    assert not reader.found
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", text), sheet
