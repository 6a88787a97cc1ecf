"""Options of any dataclass: how what a user writes becomes their values."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from ned.config.options import check_choice, check_times, convert_all, did_you_mean, option, option_fields, parse_time
from ned.errors import UserError


@dataclass(frozen=True)
class Cut:
    clips: tuple[Path, ...] = option((), help="what to cut")
    count: int = option(1, help="how many")
    share: float | None = option(None, help="how much")
    start_s: float = option(0.0, help="from when on")
    gently: bool = option(False, help="with care")
    words: tuple[str, ...] = option(("none",), help="what to say", parse=lambda text: tuple(text.split()))
    made: str = ""


def test_text_becomes_the_fields_types():
    written = {"clips": ["a.mp4", "~/b.mp4"], "count": "3", "share": "0.5", "start_s": "1:30", "words": "one two"}
    made = Cut(**convert_all(Cut, written))
    assert made == Cut((Path("a.mp4"), Path.home() / "b.mp4"), 3, 0.5, 90.0, False, ("one", "two"))
    assert convert_all(Cut, {"clips": "a.mp4", "share": None}) == {"clips": (Path("a.mp4"),), "share": None}


def test_null_is_the_default_where_an_option_is_parsed():
    assert convert_all(Cut, {"words": None}) == {"words": ("none",)}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"count": "1.5"}, "count is '1.5'; give a whole number"),
        ({"count": "all"}, "count is 'all'; give a whole number"),
        ({"count": None}, "count is None; give a whole number"),
        ({"share": "inf"}, "share is 'inf'; give a number"),
        ({"share": True}, "share is True; give a number"),
        ({"start_s": "1:75"}, r"start is '1:75'; give seconds or \[hh:\]mm:ss"),
        ({"gently": "yes"}, "gently is 'yes'; give true or false"),
    ],
)
def test_what_does_not_fit_is_refused(written, said):
    with pytest.raises(UserError, match=said):
        convert_all(Cut, written)


def test_only_options_are_options():
    assert [f.name for f in option_fields(Cut)] == ["clips", "count", "share", "start_s", "gently", "words"]


def test_the_nearest_that_is_known_is_named():
    assert did_you_mean("Strat-s", {"start_s": 0, "gently": 0}) == "did you mean start_s?"
    assert did_you_mean("xyz", {"start_s": 0, "gently": 0}) == "known are: start_s, gently"
    check_choice("colour", "red", ("red", "green"))
    with pytest.raises(UserError, match="did you mean green"):
        check_choice("colour", "Gren", ("red", "green"))


def test_ends_come_after_starts():
    check_times(None, None)
    check_times(1.0, 1.5)
    for start, end in ((-1.0, None), (None, 0.0), (2.0, 2.0)):
        with pytest.raises(UserError):
            check_times(start, end)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("1:30", 90), ("01:02:03.25", 3723.25), (1.5, 1.5), ("0:00:00", 0)]
)
def test_times(text, seconds):
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "1:60", "1:2:3:4", "1.5:00", "a", "inf", "1e3", "::", "1..2"])
def test_wrong_times(text):
    with pytest.raises(ValueError, match="time"):
        parse_time(text)
