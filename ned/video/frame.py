"""One decoded image in its own pixel format, seen as upright RGB."""

from __future__ import annotations

from functools import lru_cache

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from jaxtyping import Float, UInt8

from ned.video.colour import Encoding
from ned.video.pixel_format import PixelFormat, describe


class Frame:
    """An image that is not changed in place. `index` counts the frames of the video from 0; `pts` is its time
    in units of `VideoInfo.time_base`. Boxes and arrays are of the upright image, `height` × `width`."""

    __slots__ = ("_image", "encoding", "index", "pts", "rotation")

    def __init__(self, image: av.VideoFrame, index: int, pts: int, rotation: int, encoding: Encoding) -> None:
        """`image` must be of a planar format (`ned.video.pixel_format`) and may not be written to any more."""
        self._image = image
        self.index, self.pts, self.rotation, self.encoding = index, pts, rotation, encoding

    @property
    def image(self) -> av.VideoFrame:
        """The coded image, not to be written to."""
        return self._image

    @property
    def format(self) -> PixelFormat:
        return describe(self._image.format.name)

    @property
    def height(self) -> int:
        return self._image.width if self.rotation in (90, 270) else self._image.height

    @property
    def width(self) -> int:
        return self._image.height if self.rotation in (90, 270) else self._image.width

    @property
    def planes(self) -> tuple[np.ndarray, ...]:
        """The samples of each plane, "rows columns", uint8 or uint16, in coded orientation, read-only."""
        planes = _planes(self._image, self.format)
        for plane in planes:
            plane.flags.writeable = False
        return planes

    def rgb(self) -> UInt8[np.ndarray, "h w 3"]:
        """The whole upright image in 0–255, by swscale: fast, within two or three units of `region_rgb`."""
        kwargs = {}
        if self.format.kind != "gbr":
            matrix = Colorspace(self.encoding.swscale_matrix)
            limits = ColorRange.JPEG if self.encoding.full_range else ColorRange.MPEG
            kwargs = {"src_colorspace": matrix, "src_color_range": limits, "dst_color_range": ColorRange.JPEG}
        # One thread: swscale's pool costs more than it gives at these sizes, and decoding needs the cores.
        upright = np.rot90(self._image.to_ndarray(format="rgb24", threads=1, **kwargs), -self.rotation // 90)
        return np.ascontiguousarray(upright)

    def region_rgb(self, box: tuple[int, int, int, int]) -> Float[np.ndarray, "h w 3"]:
        """The rectangle `box` (x0, y0, x1, y1; x1 and y1 excluded) as float32 RGB in [0, 1], chroma interpolated.

        ValueError for an empty box or one that reaches out of the image.
        """
        from ned.video.kernels import rgb_of_yuv

        x0, y0, x1, y1 = self._coded(box)
        planes, form = _planes(self._image, self.format), self.format
        out = np.empty((y1 - y0, x1 - x0, 3), np.float32)
        if form.kind == "yuv":
            luma, blue, red = planes[:3]
            rgb_of_yuv(luma, blue, red, x0, y0, form.shift_x, form.shift_y, _numbers(self.encoding, form), out)
        else:
            offset, scale = _numbers(self.encoding, form)[:2]
            channels = (planes[2], planes[0], planes[1]) if form.kind == "gbr" else planes[:1] * 3
            for k, plane in enumerate(channels):
                out[..., k] = (plane[y0:y1, x0:x1] - offset) * scale
            np.clip(out, 0, 1, out=out)
        return np.ascontiguousarray(np.rot90(out, -self.rotation // 90))

    def add_region(self, box: tuple[int, int, int, int], delta: Float[np.ndarray, "h w 3"]) -> Frame:
        """A frame with the RGB difference `delta` (1 is from black to white) added inside `box`.

        The difference goes linearly through the video's matrix and range, its chroma averaged over each
        subsampled block, and is rounded and clipped once; samples where it is zero keep their bits.
        ValueError for a box that is empty or outside, or that is not of the size of `delta`.
        """
        from ned.video.kernels import add_rgb_to_yuv

        if delta.shape != (box[3] - box[1], box[2] - box[0], 3):
            raise ValueError(f"delta {delta.shape} does not fit the box {tuple(box)}")
        x0, y0, x1, y1 = self._coded(box)
        coded = np.ascontiguousarray(np.rot90(delta, self.rotation // 90), np.float32)
        image, form = _copy(self._image, self.format), self.format
        planes, numbers, top = _planes(image, form), _numbers(self.encoding, form), np.float32(2**form.bits - 1)
        if form.kind == "yuv":
            add_rgb_to_yuv(coded, *planes[:3], x0, y0, form.shift_x, form.shift_y, numbers, top)
        else:
            weights = np.array([numbers[4], 1 - numbers[4] - numbers[5], numbers[5]])
            parts = [coded @ weights] if form.kind == "gray" else [coded[..., 1], coded[..., 2], coded[..., 0]]
            for plane, part in zip(planes, parts, strict=False):
                region = plane[y0:y1, x0:x1]
                region[...] = np.clip(np.floor(region + part / numbers[1] + 0.5), 0, top)
        return Frame(image, self.index, self.pts, self.rotation, self.encoding)

    def _coded(self, box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        """The box in the coded image."""
        x0, y0, x1, y1 = (int(v) for v in box)
        if not (0 <= x0 < x1 <= self.width and 0 <= y0 < y1 <= self.height):
            raise ValueError(f"box {tuple(box)} is empty or reaches out of the {self.width}x{self.height} image")
        if self.rotation == 90:
            return y0, self.width - x1, y1, self.width - x0
        if self.rotation == 180:
            return self.width - x1, self.height - y1, self.width - x0, self.height - y0
        if self.rotation == 270:
            return self.height - y1, x0, self.height - y0, x1
        return x0, y0, x1, y1


@lru_cache(maxsize=16)
def _numbers(encoding: Encoding, form: PixelFormat) -> tuple[np.float32, ...]:
    """Luma offset and scale, chroma middle and scale (codes to [0, 1] and [-1/2, 1/2]), weights of red and blue."""
    step, top = 2 ** (form.bits - 8), 2**form.bits - 1
    middle = 2 ** (form.bits - 1)
    if encoding.full_range or form.kind == "gbr":
        values = (0, 1 / top, middle, 1 / top)
    else:
        values = (16 * step, 1 / (219 * step), middle, 1 / (224 * step))
    return tuple(np.float32(v) for v in (*values, encoding.red, encoding.blue))


def _planes(image: av.VideoFrame, form: PixelFormat) -> tuple[np.ndarray, ...]:
    """Views of the samples; they hold the image's memory."""
    dtype = np.dtype(np.uint8 if form.bits == 8 else np.uint16)
    views = []
    for k, plane in enumerate(image.planes):
        rows, columns = form.plane_shape(k, image.height, image.width)
        stride = plane.line_size // dtype.itemsize
        views.append(np.frombuffer(plane, dtype)[: rows * stride].reshape(rows, stride)[:, :columns])
    return tuple(views)


def _copy(image: av.VideoFrame, form: PixelFormat) -> av.VideoFrame:
    copy = av.VideoFrame(image.width, image.height, image.format.name)
    copy.color_range, copy.colorspace = image.color_range, image.colorspace
    copy.color_primaries, copy.color_trc = image.color_primaries, image.color_trc
    for mine, its in zip(_planes(copy, form), _planes(image, form), strict=True):
        mine[...] = its
    return copy
