"""Kill `ned process` at random moments, or let the disk run full, give the same command again, and compare.

    python scripts/evaluate/resume.py [--clip VIDEO] [--kills 50] [--full 10] [--seed 0]

Each try starts afresh, without the cache, on a clip that is worked on in pieces of 0.4 s, with `--compare` in every
second try. Moments are spread evenly over the time that an undisturbed run takes. Disks are small memory file systems
(Linux, as root) which are made larger before the second command. The edited video must have the decoded frames, times
and sound packets of the undisturbed run, and no other file may be left. Prints one line a try and the counts.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av

SHORT_PIECES = """
import sys, ned.analysis.checkpoint, ned.pipeline, ned.rendering.second_pass
ned.rendering.second_pass.SEGMENT_S = 0.4
ned.pipeline.needed_bytes = lambda *_: 0  # else no disk is too small in the middle of the work
ned.analysis.checkpoint.CHECKPOINT_S = 0.4
from ned.cli import main
sys.exit(main(sys.argv[1:]))
"""


def command(clip: Path, output: Path, more: list[str]) -> list[str]:
    """`ned process` with short pieces."""
    arguments = ["process", str(clip), "--output", str(output), "--emotion", "happy", "--no-cache", "--quiet"]
    arguments += ["--no-provenance", *more]  # a signature has its time in it, and so other bytes each time
    return [sys.executable, "-c", SHORT_PIECES, *arguments]


def decoded(path: Path) -> str:
    """A digest of all decoded frames with their times, and of all sound packets with theirs."""
    digest = hashlib.blake2b(digest_size=16)
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            digest.update(f"{frame.pts}".encode() + frame.to_ndarray().tobytes())
    with av.open(str(path)) as container:
        for packet in container.demux(container.streams.audio):
            digest.update(f"{packet.stream_index} {packet.pts}".encode() + bytes(packet))
    return digest.hexdigest()


def stage_of(folder: Path, output: Path) -> str:
    """How far the work had come, by what lies there."""
    part = folder / (output.name + ".part")
    if output.exists():
        return "cleaning" if part.exists() else "done"
    if not part.exists():
        return "starting"
    names = [path.name for path in part.iterdir()]
    pieces = sum(name.endswith(".nut") and name.startswith("video") for name in names)
    if any(name.startswith("video.") for name in names):
        return "putting together"
    if pieces or any(name.endswith(".tmp") and "@" in name for name in names):
        return f"{pieces} pieces"
    return "analysing"


def killed(clip: Path, folder: Path, after_s: float, more: list[str]) -> str:
    """Run for so long, kill, and say where it was."""
    output = folder / "out.mp4"
    child = subprocess.Popen(command(clip, output, more), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after_s)
    child.send_signal(signal.SIGKILL)
    child.wait()
    return stage_of(folder, output)


def filled(clip: Path, folder: Path, size: int, more: list[str]) -> str:
    """Run on a disk of `size` bytes, which is mounted at `folder`; say how it ended."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)], check=True)
    done = subprocess.run(command(clip, folder / "out.mp4", more), capture_output=True, text=True)
    said = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ""
    where = stage_of(folder, folder / "out.mp4")
    subprocess.run(["mount", "-o", "remount,size=1g", str(folder)], check=True)
    return f"{size / 1e6:.2f} MB, {where}, exit {done.returncode}: {said[:150]}"


def resumed(clip: Path, folder: Path, more: list[str], wanted: str, wanted_bytes: bytes) -> tuple[bool, bool, str]:
    """Give the command again: whether it went well, whether even the bytes are the same, and what is wrong."""
    output = folder / "out.mp4"
    if not output.exists() or (folder / "out.mp4.part").exists():
        done = subprocess.run(command(clip, output, more), capture_output=True, text=True)
        if done.returncode:
            return False, False, done.stderr.strip()[-300:]
    left = sorted(path.name for path in folder.iterdir())
    expected = ["out.mp4", *(["out_compare.mp4"] if "--compare" in more else [])]
    if left != expected:
        return False, False, f"left over: {left}"
    if decoded(output) != wanted:
        return False, False, "the frames differ"
    return True, output.read_bytes() == wanted_bytes, ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, help="default: the sample clip, 4 s")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--full", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        clip = args.clip
        if clip is None:
            from ned.pipeline.sample import make_sample

            clip = make_sample(root / "sample.mp4", seconds=4.0).path
        subprocess.run(command(clip, root / "first.mp4", ["--compare"]), check=True)  # compiles the kernels
        began = time.monotonic()
        subprocess.run(command(clip, root / "whole.mp4", []), check=True)
        length_s = time.monotonic() - began
        wanted, wanted_bytes = decoded(root / "whole.mp4"), (root / "whole.mp4").read_bytes()
        print(f"undisturbed: {length_s:.1f} s, {len(wanted_bytes) / 1e6:.2f} MB", flush=True)
        good = same = 0
        for k in range(args.kills + args.full):
            folder = root / f"try{k}"
            folder.mkdir()
            more = ["--compare"] if k % 2 else []
            try:
                if k < args.kills:
                    after_s = length_s * (k + rng.random()) / args.kills
                    where = f"killed after {after_s:.2f} s, {killed(clip, folder, after_s, more)}"
                else:
                    share = (k - args.kills + rng.random()) / args.full
                    size = 4096 * 3 + int(share * (2 + 2 * len(more)) * len(wanted_bytes))
                    where = f"disk of {filled(clip, folder, size, more)}"
                ok, bytes_too, wrong = resumed(clip, folder, more, wanted, wanted_bytes)
            finally:
                if k >= args.kills:
                    subprocess.run(["umount", str(folder)], check=False)
            good, same = good + ok, same + bytes_too
            print(f"{k + 1}: {where} -> {'equal' if ok else 'WRONG: ' + wrong}{' (bytes too)' * bytes_too}", flush=True)
    tries = args.kills + args.full
    print(f"{good} of {tries} finish with the frames, times and sound of the undisturbed run, {same} with its bytes")
    sys.exit(good != tries)


if __name__ == "__main__":
    main()
