"""What a manifest says about an edit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ned.version import __version__

ASSERTION = "ned.edit"
"""Label of the assertion with the parameters."""
_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@dataclass(frozen=True)
class Statement:
    """An edit in the words of a manifest."""

    source: Path
    said: str
    """What was done to the expression, for example `to happy at intensity 1`; empty where no frame changed."""
    persons: tuple[int, ...]
    frames: int
    edited_frames: int
    learned: bool
    """A network that was trained on images or expressions of people had a part in it."""
    parameters: dict[str, str]
    """Options that matter, by name."""
    cut: bool = False
    """Only a part of the source is in it."""

    def notice(self) -> str:
        """One sentence, also written into the file's ordinary metadata."""
        return f"Facial expression edited with ned {__version__}: {self.said}"

    def definition(self, title: str, source_sha256: str, beside: bool) -> dict[str, Any]:
        """The manifest for c2pa: a video called `title`, or one that shows source and edit `beside` each other."""
        agent = {"name": "ned", "version": __version__}
        data = {
            "version": __version__,
            "said": self.said or "nothing was edited",
            # Lists of whole numbers would come out as bytes.
            "persons": ", ".join(map(str, self.persons)),
            "frames": self.frames,
            "edited_frames": self.edited_frames,
            "view": "source and edit side by side" if beside else "edit",
            "source": {
                "name": self.source.name, "bytes": self.source.stat().st_size, "sha256": source_sha256,
            },
            **({"parameters": self.parameters} if self.parameters else {}),
        }  # fmt: skip
        return {
            "claim_generator_info": [agent],
            "title": title,
            "assertions": [{"label": ASSERTION, "data": data, "created": True}],
        }

    def actions(self, beside: bool) -> list[dict[str, Any]]:
        """What was done after the source was opened, in C2PA's words."""
        common = {"when": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "softwareAgent": {"name": "ned"}}
        common["softwareAgent"]["version"] = __version__
        out = []
        if self.cut:
            out.append({"action": "c2pa.trimmed", **common})
        if self.said:
            kind = "compositeWithTrainedAlgorithmicMedia" if self.learned else "compositeSynthetic"
            text = self.notice() + (", shown beside the source" if beside else "")
            out.append({
                "action": "c2pa.edited", "digitalSourceType": _TYPES + kind, "description": text,
                "parameters": {"description": text}, **common,
            })  # fmt: skip
        out.append({"action": "c2pa.transcoded", **common})
        return out
