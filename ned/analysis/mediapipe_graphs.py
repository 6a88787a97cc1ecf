"""Adapters of MediaPipe's two networks: graphs in, arrays out. Nothing else in ned imports mediapipe.

FaceMesh as MediaPipe ships it crops, tracks and detects inside its graph, with one state per
instance. Here the graph is only the landmark network on a crop that we cut ourselves, so one
instance serves any number of faces of any size, and the presence score that FaceMesh hides comes
out with the points.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from ned.types import NUM_LANDMARKS

CROP_PX = 192
"""Side of the square that both networks see."""

_LANDMARK_GRAPH = """
input_stream: "image"
input_stream: "roi"
output_stream: "landmarks"
node {
  calculator: "ConstantSidePacketCalculator"
  output_side_packet: "PACKET:attention"
  options { [mediapipe.ConstantSidePacketCalculatorOptions.ext] { packet { bool_value: true } } }
}
node {
  calculator: "FaceLandmarkCpu"
  input_stream: "IMAGE:image"
  input_stream: "ROI:roi"
  input_side_packet: "WITH_ATTENTION:attention"
  output_stream: "LANDMARKS:landmarks"
}
"""

_DETECTION_GRAPH = """
input_stream: "image"
output_stream: "detections"
node { calculator: "%s" input_stream: "IMAGE:image" output_stream: "DETECTIONS:detections" }
"""

# One serialised NormalizedLandmark inside its list: tag, length 15, then x, y, z as tagged floats.
_LANDMARK_RECORD = np.dtype(
    [("head", "u1", 2), ("tx", "u1"), ("x", "<f4"), ("ty", "u1"), ("y", "<f4"), ("tz", "u1"), ("z", "<f4")]
)
_quiet_lock = threading.Lock()


@contextlib.contextmanager
def silenced_stderr() -> Iterator[None]:
    """Send what C++ libraries write to stderr to the null device for a while."""
    with _quiet_lock:
        sys.stderr.flush()
        saved = os.dup(2)
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, 2)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(null)
            os.close(saved)


class _Graph:
    """A running MediaPipe graph with one image stream; `run` answers with the packets by stream name."""

    def __init__(self, text: str, *, watch: str | None = None, threshold: float, needs: tuple[str, ...]) -> None:
        os.environ.setdefault("GLOG_minloglevel", "3")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with silenced_stderr():
            import mediapipe
            from mediapipe.calculators.tensor import tensors_to_detections_calculator_pb2  # noqa: F401
            from mediapipe.calculators.util import thresholding_calculator_pb2
            from mediapipe.framework import calculator_pb2
            from mediapipe.framework.formats import rect_pb2
            from mediapipe.python import packet_creator, packet_getter
            from mediapipe.python._framework_bindings import (
                calculator_graph,
                image_frame,
                resource_util,
                validated_graph_config,
            )

            root = os.path.dirname(os.path.dirname(mediapipe.__file__))
            resource_util.set_resource_dir(root)
            validated = validated_graph_config.ValidatedGraphConfig()
            validated.initialize(graph_config=text)
            config = calculator_pb2.CalculatorGraphConfig()
            config.ParseFromString(validated.binary_config)
            streams = list(needs)
            for node in config.node:
                if node.calculator == "ThresholdingCalculator":
                    ext = thresholding_calculator_pb2.ThresholdingCalculatorOptions.ext
                    node.options.Extensions[ext].threshold = threshold
                for stream in node.output_stream:
                    if watch is not None and watch in stream:
                        streams.append(stream.split(":")[-1])
            self._graph = calculator_graph.CalculatorGraph(graph_config=config)
            self._packets: dict[str, Any] = {}
            for stream in streams:
                self._graph.observe_output_stream(stream, self._packets.__setitem__, True)
            self._graph.start_run({})
            self.streams = streams
            self._creator, self.getter = packet_creator, packet_getter
            self._srgb = image_frame.ImageFormat.SRGB
            whole = rect_pb2.NormalizedRect(x_center=0.5, y_center=0.5, width=1, height=1, rotation=0)
            self._roi = packet_creator.create_proto(whole) if '"roi"' in text else None
            self._time = 0
            # The first inference builds the network and is the last to write to stderr.
            self.run(np.zeros((CROP_PX, CROP_PX, 3), np.uint8))

    def run(self, image: UInt8[np.ndarray, "h w 3"]) -> dict[str, Any]:
        self._packets.clear()
        self._time += 1
        packet = self._creator.create_image_frame(data=image, image_format=self._srgb, copy=True)
        self._graph.add_packet_to_input_stream(stream="image", packet=packet.at(self._time))
        if self._roi is not None:
            self._graph.add_packet_to_input_stream(stream="roi", packet=self._roi.at(self._time))
        self._graph.wait_until_idle()
        return {name: packet for name, packet in self._packets.items() if not packet.is_empty()}

    def close(self) -> None:
        with silenced_stderr():
            self._graph.close()


class LandmarkNet:
    """The attention mesh network on one crop of a face."""

    def __init__(self) -> None:
        self._graph = _Graph(_LANDMARK_GRAPH, watch="presence_score", threshold=0.02, needs=("landmarks",))
        self._score = self._graph.streams[-1]

    def __call__(self, crop: UInt8[np.ndarray, "192 192 3"]) -> tuple[Float[np.ndarray, "478 3"] | None, float]:
        """Points in units of crop pixels (None where there is clearly no face) and the face's presence in [0, 1]."""
        packets = self._graph.run(crop)
        presence = self._graph.getter.get_float(packets[self._score]) if self._score in packets else 0.0
        if "landmarks" not in packets:
            return None, presence
        message = self._graph.getter.get_proto(packets["landmarks"])
        raw = message.SerializeToString()
        if len(raw) == NUM_LANDMARKS * _LANDMARK_RECORD.itemsize:
            records = np.frombuffer(raw, _LANDMARK_RECORD)
            points = np.stack([records["x"], records["y"], records["z"]], axis=1)
        else:
            points = np.array([(p.x, p.y, p.z) for p in message.landmark], np.float32)
        return points * np.float32(CROP_PX), presence

    def close(self) -> None:
        self._graph.close()


class DetectionNet:
    """MediaPipe's full-range (or short-range) face detector on one small image."""

    def __init__(self, *, short_range: bool = False) -> None:
        kind = "FaceDetectionShortRangeCpu" if short_range else "FaceDetectionFullRangeCpu"
        self._graph = _Graph(_DETECTION_GRAPH % kind, threshold=0.5, needs=("detections",))

    def __call__(self, image: UInt8[np.ndarray, "h w 3"]) -> Float[np.ndarray, "faces 17"]:
        """Rows of score, box xyxy and six key points (right eye, left eye, …) as shares of the sides."""
        packets = self._graph.run(image)
        if "detections" not in packets:
            return np.zeros((0, 17), np.float32)
        rows = []
        for detection in self._graph.getter.get_proto_list(packets["detections"]):
            box = detection.location_data.relative_bounding_box
            row = [detection.score[0], box.xmin, box.ymin, box.xmin + box.width, box.ymin + box.height]
            for point in detection.location_data.relative_keypoints:
                row += [point.x, point.y]
            rows.append(row)
        return np.array(rows, np.float32).reshape(-1, 17)

    def close(self) -> None:
        self._graph.close()
