"""One page for all tests of a module."""

import pytest

from tests.ui.serving import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A page that takes up to 100 MB a file."""
    server = Server(tmp_path_factory.mktemp("page"), ("--max-upload", "0.1")).begin()
    yield server
    server.end()
