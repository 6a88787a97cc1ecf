"""YAML from anybody: plain values only, of bounded size, depth and number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ned import workspace
from ned.errors import UserError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_NODES = 20_000


def read_yaml(path: Path) -> Any:
    """What a YAML file holds: text, numbers, lists and mappings; None where it is empty.

    Anchors and aliases are refused, since a few lines of them stand for billions of values. UserError, with the
    line where there is one, for all that is not plain YAML of a sensible size.
    """
    import yaml

    workspace.check_input(path, what="configuration file")
    remedy = "write one `option: value` a line"
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise UserError(f"larger than {MAX_BYTES // 1024} kB", path=path, remedy="is it a configuration?")
        text = data.decode("utf-8-sig")
        _check_size(path, yaml.parse(text, yaml.SafeLoader))
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise UserError(f"not valid YAML{where}", path=path, remedy=remedy) from error
    except (ValueError, OverflowError, LookupError, RecursionError) as error:  # odd dates, numbers and characters
        raise UserError("not valid YAML", path=path, remedy=remedy) from error
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})", path=path, remedy="check the disk") from error


def _check_size(path: Path, events: Any) -> None:
    """Go through a file's events, which are made one by one; UserError where there are too many or too deep ones."""
    import yaml

    depth = 0
    for count, event in enumerate(events):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            line = event.start_mark.line + 1
            raise UserError(f"has an anchor or alias in line {line}", path=path, remedy="write the value out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH or count > MAX_NODES:
            raise UserError("is nested too deeply or too long", path=path, remedy="is it a configuration?")
