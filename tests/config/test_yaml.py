"""YAML that means harm, and YAML that does not."""

import time

import pytest

from ned.config import load_overrides
from ned.config.yaml import read_yaml
from ned.errors import UserError


def _write(folder, data):
    path = folder / "options.yaml"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_plain_values_come_as_yaml_says(tmp_path):
    assert read_yaml(_write(tmp_path, "a: 1\nb: [x, 2.5, {c: true}]\n")) == {"a": 1, "b": ["x", 2.5, {"c": True}]}
    assert read_yaml(_write(tmp_path, "")) is None
    assert read_yaml(_write(tmp_path, "\ufeffa: ü\n")) == {"a": "ü"}


_LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (_LAUGHS, "anchor or alias in line 1"),
        ("input: !!python/object/apply:os.system ['true']", "not valid YAML in line 1"),
        ("[" * 500 + "]" * 500, "nested too deeply"),
        ("[" * 50_000, "nested too deeply"),
        ("- 1\n" * 50_000, "too long"),
        ("a: " + "x" * 300_000, "larger than 256 kB"),
        ("a: 2001-99-99", "not valid YAML"),
        ("a: " + "9" * 6000, "not valid YAML"),
        ("? [a]\n: b", "not valid YAML"),
        (b"\xff\xfe\x00", "not valid YAML"),
        (b"a: \x00", "not valid YAML"),
    ],
)
def test_hostile_files_are_refused_in_time_with_their_name(tmp_path, data, cause):
    path, began = _write(tmp_path, data), time.monotonic()
    with pytest.raises(UserError, match=cause) as caught:
        read_yaml(path)
    assert caught.value.path == path and time.monotonic() - began < 10


def test_values_of_any_length_are_shown_shortened(tmp_path):
    long = "x" * 100_000
    for text in (f"intensity: {long}", f"{long}: 1", f"emotion: {long}"):
        from ned.config import ProcessConfig

        with pytest.raises(UserError) as caught:
            ProcessConfig.build(load_overrides(_write(tmp_path, text)) | {"input": "a.mp4"})
        assert len(str(caught.value)) < 1000
