"""ComfyUI's contract for each node: a class with INPUT_TYPES, RETURN_TYPES, FUNCTION and CATEGORY.

`ned` is imported where a node runs, so that ComfyUI starts as fast with the pack as without. Progress goes to the
node's bar, and ComfyUI's Cancel ends a run at the next frame; both where ComfyUI is there.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

CATEGORY = "ned"
_EMOTIONS = ("happy", "neutral", "sad", "angry", "fear", "disgusted", "surprised")


def output_folder() -> Path:
    """ComfyUI's own output folder; the working folder where it is not there."""
    try:
        import folder_paths
    except ImportError:
        return Path.cwd()
    return Path(folder_paths.get_output_directory())


def _listener(token: Any) -> Callable[[object], None]:
    """What hears of a run's events: moves the node's bar, and cancels where ComfyUI was told to."""
    from ned.runtime.events import StageAdvanced, StageBegan

    try:
        from comfy.model_management import processing_interrupted
        from comfy.utils import ProgressBar
    except ImportError:
        return lambda event: None
    bars: list[Any] = []

    def listen(event: object) -> None:
        if isinstance(event, StageBegan) and event.total:
            bars[:] = [ProgressBar(event.total)]
        elif isinstance(event, StageAdvanced) and event.total and bars:
            bars[0].update_absolute(event.done, event.total)
        if processing_interrupted():
            token.cancel()

    return listen


def _work(do: Callable[[Any], Any]) -> Any:
    """What `do` gives, which is handed a progress that moves the node's bar and ends where ComfyUI was told to cancel.
    Errors are raised as `ned` says them, in one line; a cancelled run is no error to ComfyUI."""
    from ned.errors import Cancelled
    from ned.runtime.cancel import CancelToken
    from ned.runtime.events import Reported

    token = CancelToken()
    try:
        return do(Reported(_listener(token), token))
    except Cancelled:
        with suppress(ImportError):
            from comfy.model_management import throw_exception_if_processing_interrupted

            throw_exception_if_processing_interrupted()
        raise


def _run(**options: Any) -> Any:
    """One job of `ned`; its result."""
    from ned.config import ProcessConfig
    from ned.pipeline import process

    config = ProcessConfig.build({name: value for name, value in options.items() if value not in (None, "")})
    config.check_files()
    return _work(lambda progress: process(config, progress))


def _changed(path: str, *settings: object) -> str:
    """A value that changes with a file, the images that a pattern names, or a setting, so that ComfyUI runs a node
    again only then."""
    from ned.workspace.numbered import Numbered, is_numbered

    try:
        one = Path(path)
        pattern = Numbered.of(one) if is_numbered(one) else None
        files = [pattern.path(number) for number in pattern.numbers()] if pattern is not None else [one]
        stats = [os.stat(file) for file in files]
    except Exception:  # which the run itself will tell
        return f"missing {path}"
    return repr((path, len(stats), sum(s.st_size for s in stats), max((s.st_mtime_ns for s in stats), default=0),
                 settings))  # fmt: skip


class NedVideo:
    """Change the emotion of a person in a video file: path in, path out."""

    CATEGORY, FUNCTION, OUTPUT_NODE = CATEGORY, "edit", True
    RETURN_TYPES, RETURN_NAMES = ("STRING", "STRING"), ("video_path", "said")
    DESCRIPTION = "Edits the facial expression in a video. Sound, timing and all that is no face stay."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, dict[str, Any]]:
        return {
            "required": {
                "video_path": ("STRING", {"default": "", "tooltip": "a video file, or images as shot.%04d.exr"}),
                "emotion": (list(_EMOTIONS),),
                "intensity": ("FLOAT", {"default": 1.0, "min": 0.0, "max": 1.5, "step": 0.05}),
            },
            "optional": {
                "timeline": ("STRING", {"default": "", "tooltip": "0:neutral 3.5:happy@0.8; in place of the emotion"}),
                "person": ("STRING", {"default": "", "tooltip": "number, or all; empty: the most prominent speaker"}),
                "start": ("STRING", {"default": "", "tooltip": "seconds or mm:ss"}),
                "end": ("STRING", {"default": ""}),
                "output_path": ("STRING", {"default": "", "tooltip": "empty: in ComfyUI's output folder"}),
                "encoder": ("STRING", {"default": "libx264"}),
                "seed": ("INT", {"default": 0, "min": 0, "max": 2**31 - 1}),
            },
        }

    @classmethod
    def IS_CHANGED(cls, video_path: str, **settings: object) -> str:
        return _changed(video_path, sorted(settings.items()))

    def edit(
        self, video_path: str, emotion: str, intensity: float, timeline: str = "", person: str = "", start: str = "",
        end: str = "", output_path: str = "", encoder: str = "libx264", seed: int = 0,
    ) -> dict[str, Any]:  # fmt: skip
        from ned.workspace import default_output

        target = output_path or output_folder() / default_output(Path(video_path), emotion, encoder).name
        result = _run(
            input=video_path, emotion=emotion, intensity=intensity, timeline=timeline, person=person, start_s=start,
            end_s=end, output=str(target), encoder=encoder, seed=seed, overwrite=True,
        )  # fmt: skip
        said = f"person {result.person}: {result.edited_frames} of {result.frames} frames edited"
        return {"ui": {"text": [said]}, "result": (str(result.output), said)}


class NedStill:
    """Change the emotion of the people in a photograph: path in, path out."""

    CATEGORY, FUNCTION, OUTPUT_NODE = CATEGORY, "edit", True
    RETURN_TYPES, RETURN_NAMES = ("STRING",), ("image_path",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, dict[str, Any]]:
        return {
            "required": {
                "image_path": ("STRING", {"default": ""}),
                "emotion": (list(_EMOTIONS),),
                "intensity": ("FLOAT", {"default": 1.0, "min": 0.0, "max": 1.5, "step": 0.05}),
            },
            "optional": {"output_path": ("STRING", {"default": ""})},
        }

    @classmethod
    def IS_CHANGED(cls, image_path: str, **settings: object) -> str:
        return _changed(image_path, sorted(settings.items()))

    def edit(self, image_path: str, emotion: str, intensity: float, output_path: str = "") -> dict[str, Any]:
        from ned.config.still import StillConfig
        from ned.stills.process import edit_still

        source = Path(image_path)
        target = output_path or output_folder() / f"{source.stem}_{emotion}{source.suffix}"
        config = StillConfig(source, Path(target), emotion, intensity=intensity, overwrite=True)
        result = _work(lambda progress: edit_still(config, progress))
        return {"ui": {"text": [str(result.output)]}, "result": (str(result.output),)}


class NedExpression:
    """Take the expression of a person out of a video, as a file for animation tools."""

    CATEGORY, FUNCTION = CATEGORY, "export"
    RETURN_TYPES, RETURN_NAMES = ("STRING",), ("track_path",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, dict[str, Any]]:
        return {
            "required": {"video_path": ("STRING", {"default": ""}), "kind": (["csv", "glb"],)},
            "optional": {"person": ("INT", {"default": 0, "min": 0, "max": 99, "tooltip": "0: the most prominent"})},
        }

    @classmethod
    def IS_CHANGED(cls, video_path: str, **settings: object) -> str:
        return _changed(video_path, sorted(settings.items()))

    def export(self, video_path: str, kind: str, person: int = 0) -> tuple[str]:
        from ned.cli.analyse import Analyse

        target = output_folder() / f"{Path(video_path).stem}.{kind}"
        asked = Analyse(video=Path(video_path), export=target, person=person or None, overwrite=True, quiet=True)
        _work(asked.run)
        return (str(target),)


NODE_CLASS_MAPPINGS: dict[str, type] = {
    "NedVideo": NedVideo,
    "NedStill": NedStill,
    "NedExpression": NedExpression,
}
NODE_DISPLAY_NAME_MAPPINGS: dict[str, str] = {
    "NedVideo": "Emotion of a video (ned)",
    "NedStill": "Emotion of a photograph (ned)",
    "NedExpression": "Expression of a video (ned)",
}
