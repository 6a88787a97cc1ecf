"""Small videos of one clip in many formats, written by ffmpeg."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from ned.video import find_ffmpeg

SIDE = 256
FRAMES = 12
RGB = ("rgb", "bgr", "gbr", "argb", "abgr", "pal8", "0rgb", "0bgr")


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
    rgb = case.pixel_format.startswith(RGB)
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
