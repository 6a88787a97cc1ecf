"""The whole story: analyse, fit, manipulate, render, write."""

from ned.pipeline.numbered import process
from ned.pipeline.video import EditedPerson, ProcessResult

__all__ = ["EditedPerson", "ProcessResult", "process"]
