"""The whole story: analyse, fit, manipulate, render, write."""

from ned.pipeline.video import EditedPerson, ProcessResult, process

__all__ = ["EditedPerson", "ProcessResult", "process"]
