"""Which edit belongs to which original."""

import pytest

from ned.errors import UserError
from ned.evaluation.pairs import Pair, find_pairs, without_edit


@pytest.fixture
def folders(tmp_path):
    for name in ("a/x.mp4", "a/x_y.mp4", "b/x_happy.mp4", "b/x_y_sad.mov", "b/x_y.mp4", "b/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path / "a", tmp_path / "b"


def test_folders_are_paired_by_name_and_the_name_says_the_target(folders):
    a, b = folders
    assert find_pairs([a], [b], None) == [
        Pair(a / "x.mp4", b / "x_happy.mp4", "happy"),
        Pair(a / "x_y.mp4", b / "x_y.mp4", None),
        Pair(a / "x_y.mp4", b / "x_y_sad.mov", "sad"),
    ]
    assert {pair.target for pair in find_pairs([a], [b], "fear")} == {"fear"}


def test_originals_without_an_edit_are_named(folders):
    a, b = folders
    (a / "z.mp4").write_bytes(b"z")
    assert without_edit([a], find_pairs([a], [b], None)) == [a / "z.mp4"]
    assert without_edit([a / "x.mp4"], []) == []


def test_files_go_by_order_or_all_to_one(folders):
    a, b = folders
    one, two = b / "x_happy.mp4", b / "x_y.mp4"
    assert [p.original.name for p in find_pairs([a / "x.mp4", a / "x_y.mp4"], [one, two], None)] == ["x.mp4", "x_y.mp4"]
    assert [p.original.name for p in find_pairs([a / "x.mp4"], [one, two], None)] == ["x.mp4", "x.mp4"]


def test_a_list_has_its_own_targets_and_relative_paths(folders):
    a, b = folders
    table = a.parent / "pairs.csv"
    table.write_text("original,edited,target\na/x.mp4,b/x_y.mp4,angry\na/x.mp4,b/x_happy.mp4,\n", encoding="utf-8")
    assert [p.target for p in find_pairs([table], [], None)] == ["angry", None]
    assert find_pairs([table], [], "sad")[1] == Pair(a / "x.mp4", b / "x_happy.mp4", "sad")


def test_what_cannot_be_paired_is_said(folders):
    a, b = folders
    x, edit = a / "x.mp4", b / "x_y.mp4"
    table = a.parent / "pairs.csv"

    def refused(originals, edited, text=None):
        if text is not None:
            table.write_bytes(text)
        with pytest.raises(UserError) as caught:
            find_pairs(originals, edited, None)
        return str(caught.value)

    assert "--edited is missing" in refused([x], [])
    assert "2 originals and 3 edited" in refused([x, x], [edit] * 3)
    assert "mixed" in refused([a], [edit])
    assert "no such edited video" in refused([x], [b / "no.mp4"])
    assert "is original and edited at once" in refused([x], [x])
    (b / "stranger.mp4").write_bytes(b"")
    assert "stranger.mp4: no original of its name" in refused([a], [b])
    (a / "x.mov").write_bytes(b"")
    assert "x.mp4: has the name of x.mov" in refused([a], [b])
    assert "lacks the columns" in refused([table], [], b"one,two\n1,2\n")
    assert "row 3 has the target 'joy'" in refused(
        [table], [], b"original,edited,target\na/x.mp4,b/x_y.mp4,sad\nx,y,joy\n"
    )
    assert "row 2 lacks" in refused([table], [], b"original,edited\na/x.mp4,\n")
    assert "names no pair" in refused([table], [], b"original,edited\n")
    assert "no table of text" in refused([table], [], b"original,edited\n\xff\xfe,b\n")
