"""A credential of its own for each test."""

import pytest


@pytest.fixture(autouse=True)
def own_config(tmp_path, monkeypatch):
    monkeypatch.setenv("NED_CONFIG", str(tmp_path / "config"))
