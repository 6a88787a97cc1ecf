"""Licences are accepted once, and remembered."""

import json

import pytest

from ned.errors import UserError
from ned.licences import LICENCES, accept, accepted, accepted_file, require


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    monkeypatch.setenv("NED_DATA", str(tmp_path / "data"))


def test_asked_once():
    with pytest.raises(UserError, match="DECA .* misleading; read .*--accept-licence"):
        require("deca")
    assert accepted() == {}
    assert require("deca", accept_now=True).name == "deca"
    assert require("deca").commercial is False and list(accepted()) == ["deca"]
    with pytest.raises(UserError, match="EMOCA"):
        require("emoca")


def test_free_ones_are_not_asked():
    assert require("ict").commercial and require("flame2023open").commercial and accepted() == {}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"other": "x"}'])
def test_a_broken_file_is_no_acceptance(text):
    accepted_file().parent.mkdir(parents=True)
    accepted_file().write_text(text)
    with pytest.raises(UserError):
        require("deca")
    accept("deca")
    assert set(json.loads(accepted_file().read_text())) == {"deca"}


def test_exceptions():
    for call in (require, accept):
        with pytest.raises(UserError, match="unknown licence"):
            call("gpl")
    assert all(one.terms and one.where for one in LICENCES.values())
