"""What a run is asked to do: options, timelines, YAML. Nothing here is heavy, so that mistakes are answered at once."""

from ned.config.edit import EditOptions
from ned.config.output import QUALITIES, OutputOptions
from ned.config.process import ProcessConfig, load_overrides
from ned.config.render import RenderOptions
from ned.config.source import SourceOptions

__all__ = [
    "QUALITIES", "EditOptions", "OutputOptions", "ProcessConfig", "RenderOptions", "SourceOptions", "load_overrides",
]  # fmt: skip
