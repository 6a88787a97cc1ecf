"""The commands by name: where each stands, and its first line of help, so that none is imported before it is asked for.

The tests hold the lines against the commands' own.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ned.cli.arguments import Command


class Entry(NamedTuple):
    """One command."""

    kind: str
    """Name of its class in the module of the command's name."""
    summary: str


COMMANDS = {
    "process": Entry(
        "Process", "Change the emotion of a person in a video; sound, timing and all that is no face stay."
    ),
    "still": Entry("Still", "Change the emotion of the faces in a photograph; all that is no face stays."),
    "ui": Entry(
        "Ui",
        "Open a page in the browser to direct from: look, drag, preview, run. It is served to this machine alone.",
    ),
    "batch": Entry("Batch", "Edit many videos on many machines: plan, run, status, merge."),
    "analyse": Entry(
        "Analyse",
        "Say who is seen in a video, when, how large, speaking or not; export expressions for animation tools.",
    ),
    "convert": Entry("Convert", "Convert a track of expression between ARKit's coefficients and FLAME's."),
    "verify": Entry(
        "Verify", "Say whether a file is as it was signed, by whom, what was done to it and from which source."
    ),
    "sample": Entry(
        "Sample", "Make a talking clip without any download: a public-domain portrait moved by the face model."
    ),
    "finetune": Entry(
        "Finetune", "Fit the neural renderer to a person, once; the same command goes on after an interruption."
    ),
    "train": Entry("Train", "Train a network on your data; interrupted training goes on where it stopped."),
    "evaluate": Entry("Evaluate", "Measure edited videos and trained networks, always beside trivial answers."),
    "models": Entry("Models", "List, fetch and verify optional models of others, which `ned evaluate` can use."),
    "doctor": Entry("Doctor", "Say what is installed, what is missing and how to mend it."),
    "bench": Entry("Bench", "Measure this machine, processor and GPU, and print a table to paste into an issue."),
}


def load(name: str) -> type[Command]:
    """The command of that name. KeyError where there is none."""
    return getattr(importlib.import_module(f"ned.cli.{name}"), COMMANDS[name].kind)


def every() -> tuple[type[Command], ...]:
    """All of them, in the order in which they are listed."""
    return tuple(map(load, COMMANDS))
