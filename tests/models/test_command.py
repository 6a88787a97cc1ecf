"""`ned models`: what it says, and how it fails."""

import pytest

from ned.cli import main


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fetch"], "missing: NAME"),
        (["fetch", "sfaec"], "unknown model 'sfaec'; did you mean sface?"),
        (["fetch", "sface", "alexnet", "--from", "x"], "--from goes with one model, not 2"),
        (["fetch", "alexnet", "--sha256", "12"], "give 64 hexadecimal digits"),
        (["fetch", "enet-va"], "the checksum of enet-va is not known"),
        (["fetch", "efficientface"], "nobody is known who serves efficientface"),
        (["path", "sface"], "sface is not here; needs the model sface: `ned models fetch sface`"),
        ([], "missing: WHAT"),
    ],
)
def test_errors_of_the_command_are_one_line(monkeypatch, tmp_path, capsys, arguments, said):
    monkeypatch.setenv("NED_MODELS", str(tmp_path))
    assert main(["models", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_the_command_lists_and_verifies(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("NED_MODELS", str(tmp_path))
    assert main(["models", "list"]) == 0 and "Apache-2.0" in capsys.readouterr().out
    assert main(["models", "verify"]) == 0 and capsys.readouterr().out == ""
    (tmp_path / "face_recognition_sface_2021dec.onnx").write_bytes(b"no")
    assert main(["models", "verify"]) == 1 and "damaged" in capsys.readouterr().out
