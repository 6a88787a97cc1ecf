"""Sound as a network of lip sync hears it: cepstral coefficients of speech (MFCC), a hundred a second."""

from __future__ import annotations

import tempfile
from pathlib import Path

import av
import numpy as np
from jaxtyping import Float, Int16
from scipy.fft import dct

from ned.errors import ProcessingError
from ned.video.probe import OPTIONS

RATE = 16_000
STEP, WINDOW, SPECTRUM = 160, 400, 512
"""Samples from one row to the next, of one row, and of its Fourier transform."""
COEFFICIENTS, BANDS, LIFTER, EMPHASIS = 13, 26, 22, 0.97
"""The usual numbers of speech recognition, with which SyncNet was trained (Chung and Zisserman, 2016)."""
_LEAST = float(np.finfo(np.float64).eps)


def mfcc(samples: Int16[np.ndarray, "samples"], follows: bool = False) -> Float[np.ndarray, "rows 13"]:
    """Mel-frequency cepstral coefficients of 25 ms each 10 ms, of 16 kHz sound: pre-emphasis, power spectrum, 26
    triangles on the mel scale up to 8 kHz, logarithm, cosine transform, lifter; the first is the logarithm of the
    energy. The end is filled with silence. Empty for no samples.

    `follows`: the first sample is the one before, of which only the difference to it is needed.
    """
    x = samples.astype(np.float64)
    x = np.concatenate([x[:0] if follows else x[:1], x[1:] - EMPHASIS * x[:-1]])
    if not len(x):
        return np.zeros((0, COEFFICIENTS))
    rows = 1 + max(0, -(-(len(x) - WINDOW) // STEP))
    x = np.pad(x, (0, (rows - 1) * STEP + WINDOW - len(x)))
    frames = np.lib.stride_tricks.sliding_window_view(x, WINDOW)[::STEP]
    power = np.abs(np.fft.rfft(frames, SPECTRUM)) ** 2 / SPECTRUM
    energy = np.maximum(power.sum(1), _LEAST)
    bands = np.log(np.maximum(power @ mel_bands().T, _LEAST))
    n = np.arange(COEFFICIENTS)
    out = dct(bands, type=2, axis=1, norm="ortho")[:, :COEFFICIENTS] * (1 + LIFTER / 2 * np.sin(np.pi * n / LIFTER))
    out[:, 0] = np.log(energy)
    return out


def mel_bands() -> Float[np.ndarray, "26 bins"]:
    """Triangles whose corners lie evenly on the mel scale, 0 to 8 kHz, at whole bins of the spectrum."""
    mel = np.linspace(0.0, 2595 * np.log10(1 + RATE / 2 / 700), BANDS + 2)
    corners = np.floor((SPECTRUM + 1) * 700 * (10 ** (mel / 2595) - 1) / RATE)
    bins = np.arange(SPECTRUM // 2 + 1)
    low, middle, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    inside = (bins >= low) & (bins < high)
    return np.where(inside, np.where(bins < middle, rising, falling), 0.0)


def read_sound(path: Path, begin_s: float) -> Int16[np.ndarray, "samples"]:
    """The first track of sound, mixed to one channel of 16 kHz, from `begin_s` on by the file's own clock (the time of
    the first image); silence where it begins later. Empty where there is none. It lies in a file that goes with the
    array, 115 MB an hour, not in memory.

    Raises ProcessingError where it cannot be decoded; what comes before a damaged part is given.
    """
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    late: int | None = None
    with tempfile.TemporaryFile() as file:
        try:
            with av.open(str(path.resolve()), options=OPTIONS, metadata_errors="replace") as container:
                for frame in container.decode(audio=0) if container.streams.audio else ():
                    if late is None:
                        late = round((float(frame.time or 0.0) - begin_s) * RATE)
                        file.write(bytes(2 * max(0, late)))
                    for heard in resampler.resample(frame):
                        file.write(heard.to_ndarray().tobytes())
                for heard in resampler.resample(None) if late is not None else ():
                    file.write(heard.to_ndarray().tobytes())
        except av.error.FFmpegError as error:
            if late is None:
                cause = f"its sound cannot be decoded ({error.strerror})"
                raise ProcessingError(cause, path=path, remedy="see whether it plays") from error
        if not file.tell():
            return np.zeros(0, np.int16)
        file.flush()
        return np.memmap(file, np.int16, "r")[max(0, -(late or 0)) :]
