"""One page for all tests of a module, and one browser."""

import pytest

from tests.ui.browsers import find_browser, install_browser
from tests.ui.serving import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A page that takes up to 100 MB a file."""
    server = Server(tmp_path_factory.mktemp("page"), ("--max-upload", "0.1")).begin()
    yield server
    server.end()


@pytest.fixture(scope="module")
def browser():
    """Chromium."""
    from playwright.sync_api import sync_playwright

    if find_browser() is None:
        install_browser()
    program = find_browser()
    if program is None:
        pytest.skip("Chromium is not here and cannot be installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
