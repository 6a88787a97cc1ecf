"""Progress on a terminal, in a log, and not at all."""

import io

from ned.runtime.progress import Lines, Silent, Terminal, describe, for_stream


class Screen(io.StringIO):
    def isatty(self):
        return True


def test_description():
    assert describe(120, 500, 5.0) == "120/500 frames, 24.0 fps, 0:16 left"
    assert describe(7, None, 0.0) == "7 frames"
    assert describe(0, 10, 1.0) == "0/10 frames"
    assert describe(500, 500, 4000.0, ended=True) == "500 frames, 0.1 fps, 1:06:40"


def test_lines_are_few():
    out = io.StringIO()
    with Lines(out, interval_s=60.0).stage("rendering", 100) as stage:
        for _ in range(100):
            stage.advance()
    assert out.getvalue().startswith("rendering: 100 frames, ") and out.getvalue().count("\n") == 1
    with Lines(out, interval_s=0.0).stage("analysing") as stage:
        stage.update(3, 9)
    assert "analysing: 3/9 frames" in out.getvalue()


def test_bar():
    out = Screen()
    with Terminal(out).stage("rendering", 10) as stage:
        stage.advance(10)
    assert "rendering" in out.getvalue() and "10 frames" in out.getvalue()


def test_choice():
    assert isinstance(for_stream(io.StringIO()), Lines)
    assert isinstance(for_stream(Screen()), Terminal)
    assert isinstance(for_stream(quiet=True), Silent)
    with Silent().stage("x", 1) as stage:
        stage.advance()
