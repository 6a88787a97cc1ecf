"""The networks of the protocol, from the folder of models."""

from __future__ import annotations

from ned.evaluation.judges.choice import Judges
from ned.evaluation.spfem.protocol import FeatureJudges

IDENTITY, EXPRESSION = "arcface-resnet18", "efficientface"


def feature_judges(judges: Judges) -> tuple[FeatureJudges, dict[str, str]]:
    """What is here, and why a figure will not be computed."""
    found = {judge.name: judge for judge in judges.features}
    missing = {} if judges.sync is not None else {"LSE-D": judges.why_not("sync")}
    for figure, name in (("FAD", IDENTITY), ("CSIM", EXPRESSION)):
        if name not in found:
            missing[figure] = judges.absent.get(name, f"needs the model {name}")
    return FeatureJudges(found.get(IDENTITY), found.get(EXPRESSION), judges.sync), missing
