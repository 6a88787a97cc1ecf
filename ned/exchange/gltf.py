"""A face that moves as binary glTF 2.0 (.glb): mesh, a morph target for each coefficient, an animation of both.

A .glb is a JSON text and one block of numbers; writing it takes less than a library's objects would, and leaves no
dependency behind. Read by Blender, Unity, Unreal, three.js and others; targets carry the coefficients' names.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.transform import Rotation

from ned.files.atomic import atomic_path

_AXES = np.array([1.0, -1.0, -1.0])
"""glTF: y up, z out of the face."""
_CM = 0.01
_FLOAT, _UNSIGNED = 5126, 5125
_ARRAY, _INDICES = 34962, 34963


class _Block:
    """The binary block and what the JSON says of it."""

    def __init__(self) -> None:
        self.data, self.views, self.accessors = bytearray(), [], []

    def add(self, values: np.ndarray, kind: str, target: int | None = None, bounds: bool = False) -> int:
        """The index of an accessor for these numbers."""
        integers = values.dtype.kind in "iu"
        values = np.ascontiguousarray(values, np.uint32 if integers else np.float32)
        view = {"buffer": 0, "byteOffset": len(self.data), "byteLength": values.nbytes}
        if target is not None:
            view["target"] = target
        self.data += values.tobytes()
        self.views.append(view)
        count = values.size if kind == "SCALAR" else len(values)
        accessor = {"bufferView": len(self.views) - 1, "componentType": _UNSIGNED if integers else _FLOAT,
                    "count": count, "type": kind}  # fmt: skip
        if bounds:
            flat = values.reshape(count, -1)
            accessor |= {"min": flat.min(0).tolist(), "max": flat.max(0).tolist()}
        self.accessors.append(accessor)
        return len(self.accessors) - 1


def write_glb(
    path: Path,
    neutral: Float[np.ndarray, "vertices 3"],
    triangles: Int[np.ndarray, "triangles 3"],
    targets: dict[str, Float[np.ndarray, "vertices 3"]],
    weights: Float[np.ndarray, "frames targets"],
    times_s: Float[np.ndarray, "frames"],
    rotation: Float[np.ndarray, "frames 3 3"] | None = None,
) -> None:
    """Writes a face in `ned`'s axes (cm, y down, z away) as glTF in metres, y up, facing +z.

    Args:
        triangles: clockwise on the screen for a frontal face.
        targets: displacement of each coefficient at 1, cm, in the order of the columns of `weights`.
        rotation: of the head in each frame, as in `HeadPose`.
    Raises:
        UserError: the file cannot be written.
        ValueError: sizes that do not fit, times that do not rise.
    """
    frames = len(times_s)
    if weights.shape != (frames, len(targets)) or not frames or (np.diff(times_s) <= 0).any():
        raise ValueError(f"{weights.shape} weights for {frames} rising times and {len(targets)} targets")
    block, outward = _Block(), triangles[:, [0, 2, 1]]
    base = neutral * _AXES * _CM
    primitive = {
        "attributes": {
            "POSITION": block.add(base, "VEC3", _ARRAY, bounds=True),
            "NORMAL": block.add(_normals(base, outward), "VEC3", _ARRAY),
        },
        "indices": block.add(outward.reshape(-1), "SCALAR", _INDICES),
        "material": 0,
        "targets": [{"POSITION": block.add(d * _AXES * _CM, "VEC3", _ARRAY, bounds=True)} for d in targets.values()],
    }
    at = block.add(np.asarray(times_s) - times_s[0], "SCALAR", bounds=True)
    samplers, channels = [], []

    def animate(values: int, what: str) -> None:
        channels.append({"sampler": len(samplers), "target": {"node": 0, "path": what}})
        samplers.append({"input": at, "output": values, "interpolation": "LINEAR"})

    if targets:
        animate(block.add(weights.reshape(-1), "SCALAR"), "weights")
    if rotation is not None:
        animate(block.add(_quaternions(rotation), "VEC4"), "rotation")
    mesh = {"primitives": [primitive], "name": "face", "extras": {"targetNames": list(targets)}}
    if targets:
        mesh["weights"] = [0.0] * len(targets)
    document = {
        "asset": {"version": "2.0", "generator": "ned"},
        "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0, "name": "head"}], "meshes": [mesh],
        "materials": [{"doubleSided": True, "pbrMetallicRoughness": {
            "baseColorFactor": [0.75, 0.7, 0.68, 1.0], "metallicFactor": 0.0, "roughnessFactor": 0.7}}],
        "buffers": [{"byteLength": len(block.data)}], "bufferViews": block.views, "accessors": block.accessors,
    }  # fmt: skip
    if channels:
        document["animations"] = [{"name": "track", "samplers": samplers, "channels": channels}]
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    body = bytes(block.data) + b"\0" * (-len(block.data) % 4)
    total = 12 + 8 + len(text) + 8 + len(body)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.write(struct.pack("<4sII", b"glTF", 2, total))
        file.write(struct.pack("<I4s", len(text), b"JSON") + text)
        file.write(struct.pack("<I4s", len(body), b"BIN\0") + body)


def _normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    from ned.geometry.surface import point_normals

    out = point_normals(points, triangles)
    out[np.linalg.norm(out, axis=1) < 0.5] = [0.0, 0.0, 1.0]  # a vertex of no triangle; glTF wants unit length
    return out


def _quaternions(rotation: np.ndarray) -> np.ndarray:
    """x, y, z, w in glTF's axes, each on the side of the one before."""
    flipped = _AXES[:, None] * rotation * _AXES
    out = Rotation.from_matrix(flipped).as_quat()
    signs = np.cumprod(np.r_[1.0, np.where((out[1:] * out[:-1]).sum(1) < 0, -1.0, 1.0)])
    return out * signs[:, None]
