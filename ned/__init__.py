"""ned: change the emotion of a person in a talking video, keep who they are and what they say.

    import ned
    result = ned.process("talk.mp4", emotion="happy")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ned.version import __version__

if TYPE_CHECKING:  # the pipeline's imports take seconds; `ned --help` does not wait for them
    from ned.pipeline import ProcessResult
    from ned.runtime.progress import Progress

__all__ = ["__version__", "process"]


def process(input: Any, progress: Progress | None = None, **options: Any) -> ProcessResult:
    """Edit the emotion of a person in the video `input`; `options` are the fields of `ned.config.ProcessConfig`.

    Raises `ned.errors.UserError` for what can be mended (a wrong path or option, no face) and
    `ned.errors.ProcessingError` for what failed; the output appears only when all went well.
    """
    from ned.config import ProcessConfig
    from ned.pipeline import process as run

    return run(ProcessConfig.build(input=input, **options), progress)
