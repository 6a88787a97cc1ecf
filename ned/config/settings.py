"""What the settings of all networks share. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from ned.config.options import convert_all
from ned.config.yaml import read_yaml
from ned.errors import UserError

S = TypeVar("S", bound="Settings")


class Settings:
    """Base of frozen dataclasses with a field `networks`; checked when made."""

    networks: str
    NETWORKS: ClassVar[tuple[str, ...]]
    BOUNDS: ClassVar[Mapping[str, tuple[float, float]]]
    """Least and most of a field."""

    def __post_init__(self) -> None:
        if self.networks not in self.NETWORKS:
            raise UserError(f"unknown networks {self.networks!r}", remedy=f"choose one of: {', '.join(self.NETWORKS)}")
        for name, (least, most) in self.BOUNDS.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise UserError(f"{name} is {value}", remedy=f"choose from {least} to {most}")

    def plain(self) -> dict[str, Any]:
        """For a checkpoint's header."""
        return asdict(self)

    @classmethod
    def build(cls: type[S], values: Mapping[str, Any], path: Path | None = None) -> S:
        """From text or JSON; UserError for an unknown key or a value that does not fit."""
        known = {f.name for f in fields(cls)}
        for key in values:
            if key not in known:
                remedy = f"known are: {', '.join(known)}"
                raise UserError(f"unknown setting {str(key)[:60]!r}", path=path, remedy=remedy)
        return cls(**convert_all(cls, values))

    @classmethod
    def load(cls: type[S], path: Path) -> S:
        """From a YAML file of `setting: value` lines; what is not named keeps its default."""
        values = read_yaml(path)
        if values is not None and not isinstance(values, dict):
            raise UserError("does not hold settings", path=path, remedy="write one `setting: value` a line")
        return cls.build(values or {}, path)
