"""Ways to damage a file, drawn from a random generator: one call, one damaged copy and a word for what was done."""

from __future__ import annotations

import io
import random
import re
import struct
from collections.abc import Callable

_NUMBERS = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta", b"dinf", b"mvex", b"moof", b"traf")

Rng = random.Random


def truncate(data: bytes, rng: Rng, _other: bytes) -> bytes:
    return data[: rng.choice((rng.randrange(len(data)), rng.randrange(min(len(data), 4096))))]


def flip_bits(data: bytes, rng: Rng, _other: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 4, 16, 64))):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def flip_header_bits(data: bytes, rng: Rng, _other: bytes) -> bytes:
    """Where most parsers read: the first and last kilobytes."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 3, 10))):
        where = rng.randrange(min(len(out), 3000))
        out[where if rng.random() < 0.7 else -1 - where] ^= 1 << rng.randrange(8)
    return bytes(out)


def extreme_numbers(data: bytes, rng: Rng, _other: bytes) -> bytes:
    """Fields of the header set to numbers at the edge."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 2, 5))):
        where = rng.randrange(max(1, min(len(out), 4000) - 8))
        form = rng.choice((">I", "<I", ">H", "<H", ">Q", "<Q"))
        number = rng.choice(_NUMBERS) & (256 ** struct.calcsize(form) - 1)
        part = struct.pack(form, number)
        out[where : where + len(part)] = part
    return bytes(out)


def blank(data: bytes, rng: Rng, _other: bytes) -> bytes:
    out, begin = bytearray(data), rng.randrange(len(data))
    length = min(len(out) - begin, rng.choice((16, 512, 8192)))
    out[begin : begin + length] = rng.randbytes(length) if rng.random() < 0.5 else bytes(length)
    return bytes(out)


def splice(data: bytes, rng: Rng, other: bytes) -> bytes:
    """A piece of another file put in, or in place of a piece."""
    begin, at = rng.randrange(len(other)), rng.randrange(len(data))
    piece = other[begin : begin + rng.choice((64, 4096, 65536))]
    return data[:at] + piece + data[at + (len(piece) if rng.random() < 0.5 else 0) :]


def repeat(data: bytes, rng: Rng, _other: bytes) -> bytes:
    begin, at = rng.randrange(len(data)), rng.randrange(len(data))
    return data[:at] + data[begin : begin + rng.choice((32, 2048, 20000))] + data[at:]


def boxes(data: bytes, begin: int = 0, end: int | None = None, depth: int = 0) -> list[tuple[int, int]]:
    """Start and end of every box of an MP4 file, nested ones too."""
    out, end = [], len(data) if end is None else end
    while begin + 8 <= end and len(out) < 400:
        size, kind = int.from_bytes(data[begin : begin + 4], "big"), data[begin + 4 : begin + 8]
        if size < 8 or begin + size > end:
            break
        out.append((begin, begin + size))
        if kind in _PARENTS and depth < 8:
            out += boxes(data, begin + 8, begin + size, depth + 1)
        begin += size
    return out


def damage_boxes(data: bytes, rng: Rng, other: bytes) -> bytes:
    """A box left out, doubled, renamed, of another size, or taken from another file."""
    found = boxes(data)
    if not found:
        return splice(data, rng, other)
    begin, end = rng.choice(found)
    box, what = data[begin:end], rng.randrange(6)
    if what == 0:
        return data[:begin] + data[end:]
    if what == 1:
        return data[:end] + box + data[end:]
    if what == 2:
        name = rng.choice((b"free", b"moov", b"uuid", b"stsz", rng.randbytes(4)))
        return data[: begin + 4] + name + data[begin + 8 :]
    if what == 3:
        size = rng.choice((*_NUMBERS, len(box) - 1, len(box) * 2))
        return data[:begin] + struct.pack(">I", size) + data[begin + 4 :]
    if what == 4:
        strange = boxes(other) or [(0, min(len(other), 4096))]
        a, b = rng.choice(strange)
        return data[:begin] + other[a:b] + data[end:]
    a, b = rng.choice(found)
    first, second = sorted(((begin, end), (a, b)))
    if first[1] > second[0]:
        return data[:begin] + data[end:]
    between, swapped = data[first[1] : second[0]], (data[slice(*second)], data[slice(*first)])
    return data[: first[0]] + swapped[0] + between + swapped[1] + data[second[1] :]


def shuffle_packets(data: bytes, rng: Rng, other: bytes) -> bytes:
    """The same packets, but lost, out of order, or at absurd times, in a container that takes that."""
    import av

    out = io.BytesIO()
    try:
        with av.open(io.BytesIO(data)) as source:
            form = rng.choice(("matroska", "nut", "avi", "mpegts", "mp4"))
            with av.open(out, "w", format=form, container_options={"fflags": "+bitexact"}) as target:
                streams = {s.index: target.add_stream_from_template(s) for s in source.streams}
                packets = [p for p in source.demux() if p.dts is not None]
                how = rng.randrange(4)
                if how == 0:
                    rng.shuffle(packets)
                kept = [p for p in packets if how != 1 or rng.random() < 0.7]
                for k, packet in enumerate(kept):
                    if how == 2 and rng.random() < 0.3:
                        packet.pts = rng.choice((0, -(10**6), 2**31, 2**40, None))
                    if how == 3 and k == len(kept) // 2:
                        packet.dts = packet.pts = rng.choice((2**33, 2**45))
                    packet.stream = streams[packet.stream.index]
                    try:
                        target.mux_one(packet)
                    except (av.error.FFmpegError, ValueError, OverflowError):
                        continue
    except (av.error.FFmpegError, ValueError, OverflowError, KeyError):
        pass
    return out.getvalue() or splice(data, rng, other)


def damage_text(data: bytes, rng: Rng, other: bytes) -> bytes:
    """What breaks parsers of text: odd numbers, nesting, anchors, quotes, long fields, other encodings."""
    bits = (
        b"nan", b"1e999", b"-inf", b"0x10", b"1_000", b"'", b'"', b",,,,", b"\x00", b"\xff\xfe", b"\r", b"\n\n", b"\t",
        b"&a [*a,*a]", b"!!python/object/apply:os.system ['true']", b"!!binary aaaa", b"{" * 200, b"[" * 3000,
        b"- " * 500, b"a: " * 300, b"9" * 400, b"../../../../etc/passwd", b"~", b"<<: *x", b"2001-01-01", b"? ", b"...",
        b"x" * 70000, "\u202e\u0000".encode(), b"input: ", b": ", b"#", b"|\n  ", b"1:2:3:4:5", b"0:happy 99999999:sad",
    )  # fmt: skip
    out = data
    for _ in range(rng.choice((1, 2, 6))):
        at = rng.randrange(len(out) + 1)
        cut = rng.choice((0, 0, 1, 20))
        out = out[:at] + rng.choice(bits) + out[at + cut :]
    return out


def damage_head(data: bytes, rng: Rng, other: bytes) -> bytes:
    """A safetensors file whose JSON head says something else: broken text, other shapes, places or numbers; mostly of
    the right length, so that it is read."""
    length = int.from_bytes(data[:8], "little")
    head, body = data[8 : 8 + length], data[8 + length :]
    if rng.random() < 0.4:
        head = damage_text(head, rng, other)
    else:
        numbers = list(re.finditer(rb"\d+", head))
        for found in sorted(rng.sample(numbers, min(len(numbers), rng.choice((1, 2, 8)))), key=lambda m: -m.start()):
            number = rng.choice((*_NUMBERS, -1, int(found[0][:9]) + 1, 10**30))
            head = head[: found.start()] + str(number).encode() + head[found.end() :]
    said = len(head) if rng.random() < 0.9 else rng.choice((*_NUMBERS, 2**63, len(data)))
    return said.to_bytes(8, "little") + head + body


def swap_numbers(data: bytes, rng: Rng, _other: bytes) -> bytes:
    """Weights that are no numbers, or far too large: the head is whole."""
    begin = 8 + int.from_bytes(data[:8], "little")
    out = bytearray(data)
    for _ in range(rng.choice((1, 20, 500))):
        at = begin + 4 * rng.randrange(max(1, (len(out) - begin) // 4))
        out[at : at + 4] = struct.pack("<f", rng.choice((float("nan"), float("inf"), -3e38, 1e20, -1e4, 1e-42)))
    return bytes(out[: len(data)])


CONTAINER: tuple[Callable[[bytes, Rng, bytes], bytes], ...] = (
    truncate, flip_bits, flip_header_bits, extreme_numbers, blank, splice, repeat, damage_boxes, damage_boxes,
    shuffle_packets,
)  # fmt: skip
DATA = (truncate, flip_bits, flip_header_bits, extreme_numbers, blank, splice, repeat)
WEIGHTS = (damage_head, damage_head, damage_head, swap_numbers, swap_numbers, *DATA)
TEXT = (damage_text, damage_text, damage_text, truncate, flip_bits, splice, repeat)
