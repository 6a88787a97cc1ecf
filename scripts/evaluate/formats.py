"""Process a matrix of small videos in many formats, and see that nothing but the face changes.

    python scripts/evaluate/formats.py [--clip VIDEO] [--only TEXT] [--keep FOLDER]

A short clip with a face (default: the sample clip) is written by ffmpeg in all kinds of codecs, containers, depths,
rates, rotations, ranges, matrices, sizes, pixel shapes, fields, start times and sounds. Each file is edited (without
loss, so that what differs is ours and not the encoder's), and compared with a plain ffmpeg decode of its source, which
for interlaced ones is deinterlaced by ffmpeg. The table says for each: processed, refused (an error that names cause
and remedy) or FAILED, whether frames, times and sound packets are the source's, and the mean absolute difference in
levels (of 255) of RGB outside the face.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

import ned
from ned.errors import NedError
from ned.video import find_ffmpeg, probe

SIDE = 256
FACE = (0.12, 0.0, 0.88, 0.80)
"""Share of the sample's image, x0 y0 x1 y1, in which the edit may change pixels."""
FRAMES = 12
_RGB = ("rgb", "bgr", "gbr", "argb", "abgr", "pal8", "0rgb", "0bgr")


@dataclass(frozen=True)
class Case:
    """One file: how ffmpeg writes it."""

    name: str
    suffix: str
    codec: str
    pixel_format: str = "yuv420p"
    size: tuple[int, int] = (SIDE, SIDE)
    rate: str = "25"
    rotation: int = 0
    matrix: str = "bt709"
    full_range: bool = False
    aspect: str = "1"
    fields: str = ""
    """"tff" or "bff" where it is interlaced."""
    variable: bool = False
    start_s: float = 0.0
    sound: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    """"subtitles", "chapters" that it has."""


_OPTIONS = {
    "libx264": ("-preset", "veryfast", "-crf", "12", "-bf", "2"),
    "libx265": ("-preset", "ultrafast", "-crf", "12", "-x265-params", "log-level=error"),
    "libvpx-vp9": ("-deadline", "realtime", "-cpu-used", "8", "-crf", "15", "-b:v", "0"),
    "libvpx": ("-deadline", "realtime", "-cpu-used", "8", "-crf", "8", "-b:v", "4M"),
    "libsvtav1": ("-preset", "12", "-crf", "20"),
    "libaom-av1": ("-cpu-used", "8", "-usage", "realtime", "-crf", "20"),
    "mpeg4": ("-q:v", "2"),
    "mpeg2video": ("-q:v", "2"),
    "mjpeg": ("-q:v", "2"),
    "prores_ks": ("-q:v", "6"),
}
_PRIMARIES = {"smpte170m": "smpte170m", "bt470bg": "bt470bg", "bt709": "bt709", "bt2020nc": "bt2020"}
_TRANSFER = {"smpte170m": "smpte170m", "bt470bg": "bt470bg", "bt709": "bt709", "bt2020nc": "bt2020-10"}


def cases() -> list[Case]:
    """The matrix."""
    out = []
    deep = {"libx264": "yuv420p10le", "libx265": "yuv420p10le", "libvpx-vp9": "yuv420p10le", "libsvtav1": "yuv420p10le"}
    usual = {"libx264": ".mp4", "libx265": ".mp4", "libvpx-vp9": ".webm", "libsvtav1": ".mp4"}
    for codec, suffix in usual.items():
        for form in ("yuv420p", deep[codec]):
            for matrix, full in (("smpte170m", 0), ("bt470bg", 0), ("bt709", 0), ("bt709", 1), ("bt2020nc", 0)):
                name = f"{codec} {form} {matrix} {'full' if full else 'limited'}"
                out.append(Case(name, suffix, codec, form, matrix=matrix, full_range=bool(full)))
        for rate in ("24000/1001", "15", "30000/1001", "50"):
            out.append(Case(f"{codec} {rate} fps", suffix, codec, rate=rate, sound=("libopus",)))
        out.append(Case(f"{codec} mkv", ".mkv", codec, sound=("libopus",)))
    for codec, suffix in (("libx264", ".mov"), ("libx265", ".mov"), ("libx265", ".mkv"), ("libx264", ".avi"),
                          ("libsvtav1", ".webm"), ("libvpx", ".webm"), ("libvpx-vp9", ".mp4"), ("mpeg4", ".mp4"),
                          ("mpeg4", ".avi"), ("mpeg4", ".mov"), ("mpeg4", ".mkv"), ("mpeg2video", ".mkv"),
                          ("mpeg2video", ".mpg"), ("libx264", ".ts"), ("libx264", ".flv"), ("libx264", ".3gp"),
                          ("wmv2", ".avi"), ("libtheora", ".mkv"), ("libx264", ".m4v")):  # fmt: skip
        out.append(Case(f"{codec} {suffix}", suffix, codec))
    for codec, suffix, forms in (
        ("libx264", ".mp4", ("yuv422p", "yuv444p", "yuv422p10le", "yuv444p10le", "nv12", "gray", "gray10le")),
        ("libx265", ".mp4", ("yuv422p", "yuv444p", "yuv422p10le", "yuv420p12le", "yuv444p12le", "gbrp", "gray")),
        ("libvpx-vp9", ".webm", ("yuv422p", "yuv440p", "yuv444p", "gbrp", "yuv422p12le")),
        ("prores_ks", ".mov", ("yuv422p10le", "yuv444p10le", "yuva444p10le")),
        ("mjpeg", ".avi", ("yuvj420p", "yuvj422p", "yuvj444p")), ("mjpeg", ".mov", ("yuvj420p", "yuvj444p")),
        ("ffv1", ".mkv", ("yuv420p", "yuv411p", "yuv410p", "yuva420p", "bgr0", "bgra", "gbrp10le", "rgb48le", "gray",
                          "gray16le", "yuv444p16le")),
        ("ffvhuff", ".avi", ("yuv422p", "yuv420p", "bgra")), ("huffyuv", ".avi", ("yuv422p", "bgr24")),
        ("rawvideo", ".avi", ("yuv420p", "bgr24", "yuyv422")), ("rawvideo", ".mov", ("uyvy422", "rgb24")),
        ("qtrle", ".mov", ("rgb24", "argb")), ("png", ".mov", ("rgb24", "rgba", "rgb48be")), ("gif", ".gif", ("pal8",)),
        ("v210", ".mov", ("yuv422p10le",)), ("libx264rgb", ".mkv", ("bgr24",)),
    ):  # fmt: skip
        out += [Case(f"{codec} {form} {suffix}", suffix, codec, form, full_range="j" in form[:4]) for form in forms]
    for codec, suffix in (("libx264", ".mp4"), ("libx265", ".mp4"), ("libsvtav1", ".mp4"), ("mpeg4", ".mov"),
                          ("prores_ks", ".mov"), ("libx264", ".mkv")):  # fmt: skip
        form = "yuv422p10le" if codec == "prores_ks" else "yuv420p"
        for rotation in (90, 180, 270):
            name = f"{codec} {suffix} turned {rotation}"
            out.append(Case(name, suffix, codec, form, rotation=rotation, size=(288, 256)))
    for codec, suffix, form in (("libvpx-vp9", ".webm", "yuv420p"), ("libaom-av1", ".mkv", "yuv420p"),
                                ("mpeg4", ".avi", "yuv420p"), ("mjpeg", ".mov", "yuvj420p"),
                                ("ffv1", ".mkv", "yuv420p"), ("libx264", ".mp4", "yuv444p"),
                                ("gif", ".gif", "pal8")):  # fmt: skip
        for size in ((255, 256), (256, 255), (253, 251)):
            name = f"{codec} {suffix} {size[1]}x{size[0]}"
            out.append(Case(name, suffix, codec, form, size=size, full_range="j" in form))
    out.append(Case("libx264 .mp4 turned 90, odd", ".mp4", "libx264", "yuv444p", size=(255, 253), rotation=90))
    for codec, suffix in (("libx264", ".mp4"), ("libx264", ".mkv"), ("mpeg4", ".avi"), ("mpeg2video", ".mkv")):
        for aspect in ("4/3", "16/15"):
            out.append(Case(f"{codec} {suffix} pixels {aspect}", suffix, codec, aspect=aspect))
    out.append(Case("libx264 .mp4 pixels 4/3, turned", ".mp4", "libx264", aspect="4/3", rotation=90))
    for codec, suffix, form in (("libx264", ".mp4", "yuv420p"), ("libx264", ".mkv", "yuv420p10le"),
                                ("mpeg2video", ".mkv", "yuv422p"), ("mpeg2video", ".mpg", "yuv420p"),
                                ("prores_ks", ".mov", "yuv422p10le")):  # fmt: skip
        for parity in ("tff", "bff"):
            out.append(Case(f"{codec} {suffix} {form} {parity}", suffix, codec, form, fields=parity, sound=("ac3",)))
    for codec, suffix in (("libx264", ".mp4"), ("libx264", ".mkv"), ("libx265", ".mov"), ("libvpx-vp9", ".webm")):
        sound = ("aac",) if suffix == ".mov" else ("libopus",)
        out.append(Case(f"{codec} {suffix} variable rate", suffix, codec, variable=True, sound=sound))
    for codec, suffix in (("libx264", ".mp4"), ("libx264", ".mkv"), ("libx264", ".mov"), ("libx264", ".ts"),
                          ("libvpx-vp9", ".webm"), ("mpeg4", ".mp4")):  # fmt: skip
        sound = ("aac",) if suffix == ".mov" else ("libopus",)
        out.append(Case(f"{codec} {suffix} starts at 5.3 s", suffix, codec, start_s=5.3, sound=sound))
    for suffix, sound in ((".mp4", ("aac",)), (".mp4", ("aac", "libmp3lame")), (".mp4", ("ac3",)),
                          (".mp4", ("flac",)), (".mov", ("pcm_s16le",)), (".mov", ("pcm_s24le", "aac")),
                          (".mkv", ("flac", "libvorbis", "aac")), (".mkv", ("libopus", "eac3")),
                          (".avi", ("libmp3lame",)), (".avi", ("pcm_s16le",)),
                          (".ts", ("mp2",)), (".webm", ("libvorbis",))):  # fmt: skip
        codec = "libvpx-vp9" if suffix == ".webm" else "libx264"
        out.append(Case(f"{codec} {suffix} with {', '.join(sound)}", suffix, codec, sound=sound))
    for suffix in (".mp4", ".mkv", ".mov"):
        name, extras = f"libx264 {suffix} subtitles, chapters", ("subtitles", "chapters")
        out.append(Case(name, suffix, "libx264", sound=("aac", "aac"), extras=extras))
    return out


def make(case: Case, clip: Path, folder: Path) -> Path:
    """Write the case's file; what ffmpeg itself cannot write raises CalledProcessError."""
    path = folder / ("case" + case.suffix)
    height, width = case.size
    chain = [f"scale={width}:{height}:flags=bicubic", f"fps={case.rate}", "setsar=1"]
    if case.variable:
        chain.append("select='not(eq(mod(n,5),2))'")
    if case.rotation:
        turns = {90: "transpose=2", 180: "hflip,vflip", 270: "transpose=1"}  # undone by the player
        chain.append(turns[case.rotation])
    if case.fields:
        chain.append(f"setfield={case.fields}")
    limits = "pc" if case.full_range else "tv"
    rgb = case.pixel_format.startswith(_RGB)
    if rgb:
        chain.append(f"format={'rgb24' if case.pixel_format == 'pal8' else case.pixel_format}")
    else:
        chain.append(f"scale=out_color_matrix={case.matrix}:out_range={limits}:flags=bicubic+accurate_rnd")
        chain.append(f"format={case.pixel_format}")
        chain.append(
            f"setparams=colorspace={case.matrix}:color_primaries={_PRIMARIES[case.matrix]}:"
            f"color_trc={_TRANSFER[case.matrix]}:range={limits}"
        )
    chain.append(f"setsar={case.aspect}")
    if case.codec == "gif":
        chain.append("split[a][b];[a]palettegen[p];[b][p]paletteuse")
    command = [find_ffmpeg(), "-v", "error", "-nostdin", "-y", "-i", str(clip)]
    for k in range(len(case.sound)):
        command += ["-f", "lavfi", "-i", f"sine={300 + 200 * k}:r=48000:d=1"]
    if case.extras:
        (folder / "s.srt").write_text("1\n00:00:00,000 --> 00:00:00,400\nhello\n")
        chapters = "[CHAPTER]\nTIMEBASE=1/1000\nSTART=%d\nEND=%d\ntitle=%s\n"
        text = ";FFMETADATA1\ntitle=A talk\n" + chapters % (0, 200, "one") + chapters % (200, 480, "two")
        (folder / "c.txt").write_text(text)
        command += ["-i", str(folder / "s.srt"), "-i", str(folder / "c.txt")]
    video = folder / "plain.mp4"  # rotation is added by copying
    filters = ",".join(chain)
    command += ["-filter_complex", f"[0:v]{filters}[v]", "-map", "[v]"]
    for k in range(len(case.sound)):
        command += ["-map", f"{k + 1}:a", f"-c:a:{k}", case.sound[k]]
    if case.extras:
        n = len(case.sound)
        command += ["-map", f"{n + 1}:s", "-map_metadata", str(n + 2), "-map_chapters", str(n + 2)]
        command += ["-c:s", "mov_text" if case.suffix in (".mp4", ".mov") else "srt"]
    command += ["-frames:v", str(FRAMES), "-c:v", case.codec, *_OPTIONS.get(case.codec, ()), *case.more]
    command += ["-strict", "-2", "-fps_mode", "vfr" if case.variable else "passthrough", "-shortest"]
    if case.fields:
        command += {"libx264": ["-flags", "+ildct+ilme", "-x264-params", f"{case.fields}=1"],
                    "mpeg2video": ["-flags", "+ildct+ilme"],
                    "prores_ks": ["-flags", "+ildct"]}[case.codec]  # fmt: skip
    if case.start_s:
        command += ["-output_ts_offset", str(case.start_s)]
    if case.rotation:
        subprocess.run([*command, str(video.with_suffix(case.suffix))], check=True, capture_output=True, text=True)
        source = video.with_suffix(case.suffix)
        turned = [*command[:5], "-display_rotation:v:0", str(-case.rotation), "-i", str(source), "-c", "copy"]
        subprocess.run([*turned, str(path)], check=True, capture_output=True, text=True)
        source.unlink()
    else:
        subprocess.run([*command, str(path)], check=True, capture_output=True, text=True)
    return path


def images(path: Path, height: int, width: int, deinterlace: bool = False) -> np.ndarray:
    """What ffmpeg decodes, upright, as RGB: "frames h w 3"."""
    chain = ("bwdif=mode=send_frame:deint=all," if deinterlace else "") + "scale=flags=accurate_rnd+full_chroma_int"
    command = [find_ffmpeg(), "-v", "error", "-nostdin", "-i", str(path), "-map", "0:v:0", "-vf", chain]
    command += ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


def lumas(path: Path) -> np.ndarray:
    """The samples of the first plane in units of 8 bits: "frames h w"."""
    out = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            bits = frame.format.components[0].bits
            plane = np.frombuffer(frame.planes[0], np.uint8 if bits == 8 else np.uint16)
            rows = plane[: frame.planes[0].line_size // plane.itemsize * frame.height].reshape(frame.height, -1)
            out.append((rows[:, : frame.width] / 2 ** (bits - 8)).astype(np.float32))
    return np.stack(out)


def times_s(path: Path) -> list[Fraction]:
    with av.open(str(path)) as container:
        if path.suffix == ".avi":  # it has but the order of packets
            return [p.dts * p.time_base for p in container.demux(video=0) if p.size]
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def sounds(path: Path) -> list[list[tuple[float, bytes]]]:
    """Times and packets of each sound stream."""
    with av.open(str(path)) as container:
        found: dict[int, list] = {stream.index: [] for stream in container.streams.audio}
        for packet in container.demux(container.streams.audio) if found else ():
            if packet.size:
                found[packet.stream.index].append((float((packet.pts or 0) * packet.time_base), bytes(packet)))
    return list(found.values())


@dataclass
class Outcome:
    """What became of one file."""

    state: str
    said: str = ""
    wrong: list[str] = field(default_factory=list)
    difference: float = float("nan")
    edited: int = 0


def judge(case: Case, source: Path, output: Path) -> tuple[list[str], float]:
    """What is not as it should be, and the mean absolute difference outside the face in levels."""
    wrong, before, after = [], probe(source), probe(output)
    for name in ("height", "width", "rotation", "sample_aspect_ratio"):
        if getattr(before, name) != getattr(after, name):
            wrong.append(f"{name} {getattr(before, name)} -> {getattr(after, name)}")
    for name in ("matrix", "range", "primaries", "transfer"):
        old, new = getattr(before.colour, name), getattr(after.colour, name)
        turned = before.pixel_format.startswith(_RGB) and name in ("matrix", "range")  # into limited YUV
        dropped = "gray" in before.pixel_format and name == "matrix"
        if old != new and old != "unknown" and not turned and not dropped:
            wrong.append(f"{name} {old} -> {new}")
    if after.bit_depth < min(before.bit_depth, 10):
        wrong.append(f"depth {before.bit_depth} -> {after.bit_depth}")
    old, new = times_s(source), times_s(output)
    if len(old) != len(new):
        wrong.append(f"{len(old)} -> {len(new)} frames")
    else:
        shift = max(abs(float(b - a)) for a, b in zip(old, new, strict=True))
        relative = max(abs(float((b - new[0]) - (a - old[0]))) for a, b in zip(old, new, strict=True))
        if relative > 0.0011:
            wrong.append(f"times differ by {1e3 * relative:.2f} ms")
        elif shift > 0.0011:
            wrong.append(f"starts {1e3 * float(new[0] - old[0]):+.1f} ms")
    a, b = sounds(source), sounds(output)
    if [[data for _, data in stream] for stream in a] != [[data for _, data in stream] for stream in b]:
        wrong.append(f"sound differs ({[len(s) for s in a]} -> {[len(s) for s in b]} packets)")
    elif a and new and old:
        drift = max(abs((q[0][0] - float(new[0])) - (p[0][0] - float(old[0]))) for p, q in zip(a, b, strict=True))
        if drift > 0.0011:
            wrong.append(f"sound moves by {1e3 * drift:.2f} ms against the image")
    if case.extras:
        with av.open(str(output)) as container:
            if not container.streams.subtitles:
                wrong.append("no subtitles")
            if len(container.chapters()) != 2:
                wrong.append(f"{len(container.chapters())} chapters")
    if "gray" in before.pixel_format:  # ffmpeg's RGB of it takes no account of its range
        x, y = lumas(source), lumas(output)
    else:
        x, y = (images(p, before.height, before.width, d) for p, d in ((source, bool(case.fields)), (output, False)))
    if x.shape != y.shape:
        return [*wrong, f"ffmpeg decodes {x.shape} and {y.shape}"], float("nan")
    outside = np.ones(x.shape[1:3], bool)
    height, width = outside.shape
    x0, y0, x1, y1 = (round(f * s) for f, s in zip(FACE, (width, height, width, height), strict=True))
    outside[y0:y1, x0:x1] = False
    difference = np.abs(x[:, outside].astype(np.float32) - y[:, outside]).mean()
    if difference > 1:
        wrong.append("colours differ")
    return wrong, float(difference)


def run(case: Case, clip: Path, folder: Path) -> Outcome:
    """Make, edit, compare."""
    try:
        source = make(case, clip, folder)
    except subprocess.CalledProcessError as error:
        return Outcome("not made", str(error.stderr).strip().splitlines()[-1][-110:])
    output = folder / ("edited" + (case.suffix if case.suffix in (".mp4", ".mov", ".mkv") else ".mkv"))
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            options = {"emotion": "happy", "quality": "lossless", "cache": False, "overwrite": True}
            result = ned.process(source, output=output, **options)
    except NedError as error:
        return Outcome("refused", str(error).replace(str(folder), ""))
    except Exception as error:
        return Outcome("FAILED", f"{type(error).__name__}: {error}")
    wrong, difference = judge(case, source, output)
    if not result.edited_frames:
        wrong.append("nothing was edited")
    if case.fields and not any("interlaced" in str(w.message) for w in said):
        wrong.append("interlaced was not said")
    return Outcome("FAILED" if wrong else "processed", "", wrong, difference, result.edited_frames)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, help="square image, the face where the sample clip has it")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--keep", type=Path, help="keep sources and outputs here")
    args = parser.parse_args()
    counts: Counter[str] = Counter()
    worst = 0.0
    with tempfile.TemporaryDirectory() as name:
        clip = args.clip
        if clip is None:
            from ned.pipeline.sample import make_sample

            clip = make_sample(Path(name) / "sample.mp4", seconds=1.0).path
        for number, case in enumerate(c for c in cases() if args.only in c.name):
            folder = (args.keep or Path(name)) / f"{number:03d}"
            folder.mkdir(parents=True, exist_ok=True)
            began = time.monotonic()
            outcome = run(case, clip, folder)
            counts[outcome.state] += 1
            if outcome.difference == outcome.difference:
                worst = max(worst, outcome.difference)
            said = "; ".join([*outcome.wrong, *([outcome.said] if outcome.said else [])])
            print(
                f"{number:3d} {case.name:<44} {outcome.state:<9} {outcome.difference:5.2f} "
                f"{time.monotonic() - began:4.1f} s  {said}",
                flush=True,
            )
    print(f"{dict(counts)}; largest mean difference outside the face {worst:.2f} levels")
    sys.exit(bool(counts["FAILED"] or counts["not made"]))


if __name__ == "__main__":
    main()
