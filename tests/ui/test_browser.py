"""The page in a real browser, from a dropped file to a downloaded one. `NED_SCREENSHOTS=docs/ui` writes the images of
the documentation."""

import base64
import io
import os
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from ned.video import read_frames
from tests.ui.serving import Server

WAIT = 120_000
SIZES = {"desk": (1280, 900), "phone": (390, 844)}
JOB_FILES = {"born.json", "job.json", "edit.yaml", "state.json", "lock", "log"}

NAME_OF_FOCUSED = """() => { const node = document.activeElement;
return node.id || node.dataset.style || node.dataset.key || node.getAttribute("aria-label") || node.textContent; }"""


class Driver:
    """A tab, and what it asked for."""

    def __init__(self, context) -> None:
        self.tab = context.new_page()
        self.tab.set_default_timeout(WAIT)
        self.asked, self.errors = [], []
        self.tab.on("request", lambda request: self.asked.append(request.url))
        self.tab.on("pageerror", lambda error: self.errors.append(str(error)))
        self.tab.on("dialog", lambda dialog: (self.errors.append(dialog.message), dialog.dismiss()))

    def one(self, selector):
        return self.tab.locator(selector)

    def press(self, name):
        self.tab.get_by_role("button", name=name, exact=True).click()

    def shown(self, act) -> None:
        """Do something, and wait for the preview that shows it."""
        before = self.one("#view").get_attribute("data-shown") or "0"
        act()
        self.one(f"#view[data-shown]:not([data-shown='{before}'])").wait_for()
        self.one("#busy:empty").wait_for(state="attached")

    def pixels(self, selector) -> np.ndarray:
        """What an image or a player shows, in its own size."""
        url = self.one(selector).evaluate(
            """(node) => { const canvas = document.createElement("canvas");
            canvas.width = node.naturalWidth || node.videoWidth; canvas.height = node.naturalHeight || node.videoHeight;
            canvas.getContext("2d").drawImage(node, 0, 0); return canvas.toDataURL("image/png"); }"""
        )
        data = base64.b64decode(url.split(",")[1])
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)

    def job(self, state):
        found = self.one(f".job[data-state='{state}']").first
        found.wait_for()
        return found

    def image(self, name) -> None:
        """The documentation's images, where they are asked for: two widths, light and dark."""
        if "NED_SCREENSHOTS" not in os.environ:
            return
        folder = Path(os.environ["NED_SCREENSHOTS"])
        folder.mkdir(parents=True, exist_ok=True)
        for size, (width, height) in SIZES.items():
            for scheme in ("light", "dark"):
                self.tab.set_viewport_size({"width": width, "height": height})
                self.tab.emulate_media(color_scheme=scheme)
                self.tab.wait_for_timeout(400)
                data = self.tab.screenshot(full_page=name != "result")
                image = Image.open(io.BytesIO(data)).convert("RGB")
                image.save(folder / f"{name}_{size}_{scheme}.webp", quality=72, method=6)
        self.tab.set_viewport_size(dict(zip(("width", "height"), SIZES["desk"], strict=True)))
        self.tab.emulate_media(color_scheme="light")


def frames_of(path) -> np.ndarray:
    return np.stack([frame.rgb() for frame in read_frames(path)])


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("directing")).begin()
    yield server
    server.end()


@pytest.fixture(scope="module")
def context(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    yield context
    context.close()


@pytest.fixture
def session_folder(own):
    return lambda: next((own.data / "sessions").iterdir())


def test_from_drop_to_download(own, context, sample, session_folder, tmp_path):
    """Upload, preview, edit, cancel, edit again, close the tab and the page, come back, download."""
    page = Driver(context)
    page.tab.goto(own.address)
    page.one("#zone").wait_for()
    page.image("start")
    page.one("#picker").set_input_files(sample.path)
    page.one("#people .person").first.wait_for()
    assert page.one("#people .person").count() == 1
    page.one("#timeline .jaw:not([d='M0 0'])").wait_for(state="attached")
    page.shown(lambda: page.press("happy"))
    before, happy = page.pixels("#before"), page.pixels("#after")
    assert np.abs(happy - before).mean() > 0.2
    assert np.abs(before - frames_of(sample.path)[0]).mean() < 3.0

    # a slider, the wipe, a second keyframe and its drag
    page.shown(lambda: page.one("#intensity").fill("0.5"))
    weaker = page.pixels("#after")
    assert np.abs(weaker - before).mean() < np.abs(happy - before).mean()
    page.one("#wipe").fill("20")
    assert "20%" in page.one("#view").get_attribute("style")
    page.shown(lambda: page.one("#time").fill("2"))
    page.press("Add keyframe here")
    page.shown(lambda: page.press("surprised"))
    key = page.one("[data-key='1-1']")
    at = float(key.get_attribute("aria-valuenow"))
    box = key.bounding_box()
    page.tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.tab.mouse.down()
    end = box["x"] + box["width"] / 2 + 100, box["y"] + box["height"] / 2 - 12
    page.shown(lambda: page.tab.mouse.move(*end, steps=4))  # an edit that comes later would take the loop away again
    page.tab.mouse.up()
    assert float(key.get_attribute("aria-valuenow")) > at + 0.2
    page.image("edit")

    # two seconds in a loop
    page.one("#tab-loop").click()
    page.one("#view[data-loop='plays']").wait_for()
    assert page.one("#loop-after").evaluate("(video) => video.videoWidth") == happy.shape[1]
    assert 1.8 < page.one("#loop-after").evaluate("(video) => video.duration") < 2.2
    page.one("#tab-frame").click()

    # cancelled: nothing of it is left
    page.press("Run")
    page.tab.get_by_text("rendering").wait_for()
    page.press("Cancel")
    page.job("cancelled")
    job = next((session_folder() / "jobs").iterdir())
    assert {path.name for path in job.iterdir()} <= JOB_FILES

    # edited again, the tab closed while it runs, the page ended and begun again
    page.shown(lambda: page.one("#time").fill("0"))
    page.shown(lambda: page.press("sad"))
    page.press("Copy as command")
    page.one("#copied[open]").wait_for()  # the server has said it
    command = page.one("#copied-text").input_value()
    page.tab.keyboard.press("Escape")
    page.one("#copied").wait_for(state="hidden")
    page.press("Run")
    page.tab.get_by_text("rendering").wait_for()
    asked, errors = page.asked, page.errors
    page.tab.close()
    own.end()
    own.begin()

    page = Driver(context)
    page.tab.goto(own.address.split("?")[0])
    assert page.tab.get_by_role("button", name="sad", exact=True).get_attribute("aria-pressed") == "true"
    done = page.job("done")
    with page.tab.expect_download() as waiting:
        done.get_by_text("Download").click()
    result = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(result)
    truth = frames_of(result)

    # what the player shows at a time is what lies in the file
    done.get_by_text("Watch").click()
    player = "#pair figure:nth-child(2) video"
    size = page.one(player).evaluate(
        """async (video) => {
        const until = async (ready) => {
            for (let k = 0; k < 600 && !ready(); k++) await new Promise((go) => setTimeout(go, 100));
            if (!ready()) throw new Error(`state ${video.readyState}, at ${video.currentTime}`); };
        await until(() => video.readyState >= 2); video.currentTime = 3.02;
        await until(() => !video.seeking && video.readyState >= 2 && Math.abs(video.currentTime - 3.02) < 0.02);
        return [video.videoWidth, video.videoHeight]; }"""
    )
    assert size == [truth.shape[2], truth.shape[1]]
    assert np.abs(page.pixels(player) - truth[75]).mean() < 3.0
    page.image("result")
    page.tab.keyboard.press("Escape")

    # the command that was copied makes the same frames
    words = shlex.split(command)
    words[words.index("--output") + 1] = str(tmp_path / "again.mp4")
    assert words[0] == "ned"
    own_cache = os.environ | {"NED_CACHE": str(session_folder() / "cache")}
    subprocess.run([sys.executable, "-m", "ned.cli", *words[1:]], env=own_cache, check=True)
    assert np.array_equal(frames_of(tmp_path / "again.mp4"), truth)

    hosts = {urlsplit(url).netloc for url in asked + page.asked if not url.startswith(("blob:", "data:"))}
    assert hosts == {f"127.0.0.1:{own.port}"}
    assert not errors + page.errors
    page.tab.close()


def test_by_keyboard(own, context):
    """Everything can be reached and done without a pointer; what the test before left is there."""
    page = Driver(context)
    page.tab.goto(own.address.split("?")[0])
    page.one("#people .person").first.wait_for()
    seen, keys = [], page.tab.keyboard
    for _ in range(60):
        keys.press("Tab")
        seen.append(page.tab.evaluate(NAME_OF_FOCUSED))
    expected = {"files", "tab-frame", "wipe", "time", "1-0", "1-1", "happy", "intensity", "Valence and arousal", "run"}
    assert expected <= set(seen), seen
    key = page.one("[data-key='1-1']")
    at = float(key.get_attribute("aria-valuenow"))
    key.focus()
    page.shown(lambda: keys.press("ArrowRight"))
    assert float(page.one("[data-key='1-1']").get_attribute("aria-valuenow")) == pytest.approx(at + 0.04, abs=2e-3)
    page.one("#pad svg").focus()
    page.shown(lambda: keys.press("ArrowUp"))
    assert "arousal 0.05" in page.one("#pad svg").get_attribute("aria-valuetext")
    page.one("[data-key='1-1']").focus()
    page.shown(lambda: keys.press("Delete"))
    assert page.one("#timeline [data-key]").count() == 1
    assert not page.errors
    page.tab.close()


def test_a_photograph_with_a_script_for_a_name(own, browser):
    """It is a name, and nothing that runs; the photograph is edited on the same page, without a timeline."""
    from skimage.data import astronaut

    context = browser.new_context(viewport={"width": 390, "height": 844})
    page, data = Driver(context), io.BytesIO()
    Image.fromarray(astronaut()).save(data, "PNG")
    page.tab.goto(own.address)
    name = "<img src=x onerror=alert(1)>.png"
    page.one("#picker").set_input_files([{"name": name, "mimeType": "image/png", "buffer": data.getvalue()}])
    page.one("#people .person").first.wait_for()
    assert page.one("#timeline-panel").is_hidden() and page.one("#people input").count() == 2
    page.shown(lambda: page.press("sad"))
    before, after = page.pixels("#before"), page.pixels("#after")
    assert np.abs(before - astronaut()).mean() < 3.0 and np.abs(after - before).max() > 20
    page.image("photo")
    page.press("Run")
    page.job("done").get_by_text("Watch").click()
    edited = page.one("#pair figure:nth-child(2) img")
    edited.evaluate("(image) => image.decode()")
    assert np.abs(page.pixels("#pair figure:nth-child(2) img") - after).mean() < 3.0
    assert "onerror" in page.one("#files").inner_text() and not page.errors
    assert page.one("body").evaluate("(body) => body.scrollWidth") <= 390
    context.close()
